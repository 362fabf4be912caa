// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Types and lines of websocket messages. The input: the size of a page, a mask of four bytes, the text. */

#include "fuzz.h"
#include "pages.h"

#include <jansson.h>

#include "scotty/message_lines.bpf.h"
#include "scotty/message_type.bpf.h"
#include "scotty/request_type.bpf.h"

static bool starts_with(const char *text, size_t size, const char *start)
{
	return size >= strlen(start) && memcmp(text, start, strlen(start)) == 0;
}

/* The type of a message of Scotty. */
static int type_of(const char *text, size_t size)
{
	static const struct {
		const char *start;
		int type;
	} rows[] = {
		{"{\"type\":\"LogsStreamData\"", MESSAGE_LOG_LINES},
		{"{\"type\":\"LogsStreamError\"", MESSAGE_LOG_ERROR},
		{"{\"type\":\"Error\"", MESSAGE_ERROR},
		{"{\"type\":\"TaskOutputData\"", MESSAGE_TASK_OUTPUT_LINES},
		{"{\"type\":\"ShellSessionError\"", MESSAGE_SHELL_ERROR},
		{"{\"type\":\"ShellSessionEnded\"", MESSAGE_SHELL_ENDED},
		{"{\"type\":\"AuthenticationFailed\"", MESSAGE_AUTHENTICATION_FAILED},
	};
	static const char end[] = "ssion timeout\"}}";
	size_t end_size = sizeof(end) - 1;
	int type = MESSAGE_OTHER;

	/* Every message with data is longer. */
	for (size_t i = 0; size >= 33 && i < sizeof(rows) / sizeof(*rows); i++) {
		if (starts_with(text, size, rows[i].start))
			type = rows[i].type;
	}
	if (type == MESSAGE_SHELL_ENDED && memcmp(text + size - end_size, end, end_size) == 0)
		type = MESSAGE_SHELL_TIMED_OUT;
	return type;
}

static int lines_of(const char *text, size_t size)
{
	int lines = 0;

	for (size_t i = 0; i + 8 <= size; i++)
		lines += memcmp(text + i, "quence\":", 8) == 0;
	return lines;
}

/* What serde makes of the text: 1 for a request for a log stream, 0 for another message, -1 for text that
 * jansson and serde may take differently. */
static int asks(const char *text, size_t size)
{
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	json_t *type =
		json_is_array(root) ? json_array_get(root, 0) : json_object_get(root, "type");
	const char *name = json_string_value(type);
	int answer = -1;

	if (name && (!json_is_array(root) || json_array_size(root) <= 2))
		answer = strcmp(name, "StartLogStream") == 0;
	json_decref(root);
	return answer;
}

static void check_message(const struct pages *pages, bool faults)
{
	int type = (int)fuzz_answer((uint64_t)message_type_of(pages->address, pages->size));
	int lines = lines_in_text(pages->address, pages->size);
	int wanted = type_of(pages->memory, pages->size);
	int wanted_lines = lines_of(pages->memory, pages->size);

	fuzz_check(type == wanted || (faults && type == MESSAGE_UNREAD), "type %d, not %d", type,
		   wanted);
	fuzz_check(lines == wanted_lines || (faults && lines == -1), "%d lines, not %d", lines,
		   wanted_lines);
}

static void check_request(const struct pages *pages, uint32_t mask, int wanted, bool faults)
{
	int type = request_type_of(pages->address, pages->size, mask);
	/* Both are counted: handle_request(). */
	bool is_lossy = type == REQUEST_TYPE_UNKNOWN ||
			(type == REQUEST_TYPE_MISSING && pages->size > REQUEST_BYTES);

	if (faults && type == REQUEST_TYPE_UNREAD)
		return;
	fuzz_check(type != REQUEST_TYPE_UNREAD, "unread");
	if (wanted < 0 || is_lossy)
		return;
	fuzz_check((type == REQUEST_TYPE_LOG_STREAM) == wanted, "request %d, not %d", type, wanted);
}

static void check_masked(struct fuzz_input text, const uint8_t mask[4], size_t page_bytes)
{
	int wanted = asks((const char *)text.bytes, text.size);
	struct pages pages = pages_make(text.bytes, text.size, page_bytes);
	uint32_t word;

	memcpy(&word, mask, sizeof(word));
	for (size_t i = 0; i < text.size; i++)
		pages.memory[i] = (char)(pages.memory[i] ^ mask[i % 4]);
	do {
		check_request(&pages, word, wanted, pages.next > 0);
	} while (pages_fault_next(&pages));
	pages_free(&pages);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	size_t page_bytes = fuzz_byte(&input) + 1U;
	uint8_t mask[4] = {fuzz_byte(&input), fuzz_byte(&input), fuzz_byte(&input),
			   fuzz_byte(&input)};
	struct pages pages = pages_make(input.bytes, input.size, page_bytes);

	do {
		check_message(&pages, pages.next > 0);
	} while (pages_fault_next(&pages));
	pages_free(&pages);
	check_masked(input, mask, page_bytes);
}
