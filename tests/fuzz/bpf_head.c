// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The start and the end of an HTTP/1.1 head, and the status of a response. The input: the size of a page,
 * then the bytes that hyper received. */

#include "fuzz.h"
#include "kernel.h"
#include "pages.h"

#include "http/buffer.bpf.h"

static struct counters native_counters;

static void *native_lookup(const void *map)
{
	return map == &counters ? &native_counters : NULL;
}

/* Whether an empty line ends a head in the bytes. */
static bool has_end(const char *bytes, size_t size)
{
	for (size_t i = 1; size >= 4 && i < size; i++) {
		if (bytes[i] != '\n')
			continue;
		if (bytes[i - 1] == '\n' ||
		    (i >= 2 && bytes[i - 1] == '\r' && bytes[i - 2] == '\n'))
			return true;
	}
	return false;
}

static size_t leading(const char *bytes, size_t size)
{
	size_t count = 0;

	while (count < size && (bytes[count] == '\r' || bytes[count] == '\n'))
		count++;
	return count;
}

static int status_in(const char *line)
{
	if (strncmp(line, "HTTP/", 5) != 0 || line[8] != ' ' || line[9] < '1' || line[9] > '9')
		return 0;
	if (line[10] < '0' || line[10] > '9' || line[11] < '0' || line[11] > '9')
		return 0;
	return (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
}

static void check_answers(const struct pages *pages, bool faults)
{
	int ends = has_end(pages->memory, pages->size);
	int skipped = (int)leading(pages->memory, pages->size);
	int found = (int)fuzz_answer((uint64_t)head_is_complete(pages->address, pages->size));
	int counted = count_leading(pages->address, pages->size);

	fuzz_check(found == ends || (faults && found == HEAD_UNREAD),
		   "head_is_complete: %d, not %d", found, ends);
	fuzz_check(counted == skipped || (faults && counted == HEAD_UNREAD),
		   "count_leading: %d, not %d", counted, skipped);
}

/* The same by hyper's buffer, which is readable. */
static void check_buffer(const struct pages *pages, bool faults)
{
	size_t skipped = leading(pages->memory, pages->size), size = pages->size - skipped;
	struct rust_bytes_mut bytes = {pages->address, pages->size, pages->size};
	enum buffer_state state;
	bool is_complete = false;
	__u64 word = 0;

	state = skip_leading(&bytes, &word);
	/* The first word is read as a whole, also from memory past the bytes that arrived. */
	if (state == BUFFER_UNREAD) {
		fuzz_check(faults || size < sizeof(word), "skip_leading: unread");
		return;
	}
	fuzz_check((state == BUFFER_SKIPPED) == (size == 0), "skip_leading: %d", state);
	if (state == BUFFER_SKIPPED)
		return;
	fuzz_check(bytes.data == pages->address + skipped && bytes.length == size &&
			   memcmp(&word, pages->memory + skipped, sizeof(word)) == 0,
		   "skip_leading: %zu bytes left, not %zu", (size_t)bytes.length, size);
	is_complete = head_is_complete(bytes.data, bytes.length) == 1;
	fuzz_check(!is_complete || has_end(pages->memory + skipped, size),
		   "an end that is not there");
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	size_t page_bytes = fuzz_byte(&input) + 1U;
	struct pages pages = pages_make(input.bytes, input.size, page_bytes);

	check_answers(&pages, false);
	check_buffer(&pages, false);
	while (pages_fault_next(&pages)) {
		check_answers(&pages, true);
		check_buffer(&pages, true);
	}
	if (pages.size >= 12)
		fuzz_check(status_of_line((const uint8_t *)pages.memory) == status_in(pages.memory),
			   "status_of_line: %.12s", pages.memory);
	pages_free(&pages);
}
