// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The trace context of a caller, from the whole head of a request. The input: the size of a page, then the
 * head; an empty line follows. */

#include "fuzz.h"
#include "kernel.h"
#include "pages.h"

#include <ctype.h>
#include <strings.h>

#include "http/caller.bpf.h"

#define LIST_BYTES 65536

static struct counters native_counters;
static struct trace_state native_state;

static void *native_lookup(const void *map)
{
	if (map == &counters)
		return &native_counters;
	return map == &trace_states ? &native_state : NULL;
}

/* What a head says, by a parser that takes a line at a time. */
struct expected {
	int parents; /* headers */
	bool is_valid;
	uint8_t trace_id[16], span_id[8];
	bool is_sampled;
	int states; /* headers */
	char list[LIST_BYTES];
	size_t list_size;
};

static bool read_hex(const char *digits, size_t count, uint8_t *bytes)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		const char *high = digits[2 * i] ? strchr(hex, digits[2 * i]) : NULL;
		const char *low = digits[2 * i + 1] ? strchr(hex, digits[2 * i + 1]) : NULL;

		if (!high || !low)
			return false;
		bytes[i] = (uint8_t)((high - hex) * 16 + (low - hex));
	}
	return true;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	while (size > 0 && bytes[size - 1] == 0)
		size--;
	return size == 0;
}

/* By W3C Trace Context, section 3.2. */
static bool read_parent(const char *value, size_t size, struct expected *expected)
{
	uint8_t version, flags;

	if (size < 55 || value[2] != '-' || value[35] != '-' || value[52] != '-' ||
	    !read_hex(value, 1, &version) || !read_hex(value + 3, 16, expected->trace_id) ||
	    !read_hex(value + 36, 8, expected->span_id) || !read_hex(value + 53, 1, &flags))
		return false;
	expected->is_sampled = flags & 1;
	if (version == 0xff || is_zero(expected->trace_id, 16) || is_zero(expected->span_id, 8))
		return false;
	return size == 55 || (version > 0 && value[55] == '-');
}

static void add_state(const char *value, size_t size, struct expected *expected)
{
	expected->states++;
	if (size == 0)
		return;
	if (expected->list_size > 0)
		expected->list[expected->list_size++] = ',';
	memcpy(expected->list + expected->list_size, value, size);
	expected->list_size += size;
}

/* Takes the header in a line, which ends at a carriage return or, as hyper refuses it, at a NUL. */
static void read_line(const char *line, size_t size, struct expected *expected)
{
	bool is_parent = size >= 12 && strncasecmp(line, "traceparent:", 12) == 0;
	bool is_state = size >= 11 && strncasecmp(line, "tracestate:", 11) == 0;
	const char *value = line + (is_parent ? 12 : 11);
	size_t rest = size - (size_t)(value - line), end = 0;

	if (!is_parent && !is_state)
		return;
	while (rest > 0 && (*value == ' ' || *value == '\t')) {
		value++;
		rest--;
	}
	while (end < rest && value[end] != '\r' && (is_parent || value[end] != '\0'))
		end++;
	if (is_state) {
		add_state(value, end, expected);
		return;
	}
	while (end > 0 && (value[end - 1] == ' ' || value[end - 1] == '\t'))
		end--;
	/* Several are none. */
	expected->is_valid = ++expected->parents == 1 && read_parent(value, end, expected);
}

static struct expected *read_head(const char *head, size_t size)
{
	struct expected *expected = calloc(1, sizeof(*expected));
	const char *line = head, *end = head + size, *feed;
	bool is_first = true;

	while (line < end && (feed = memchr(line, '\n', (size_t)(end - line)))) {
		size_t length = (size_t)(feed - line);

		if (!is_first && (length == 0 || (length == 1 && *line == '\r')))
			break;
		if (!is_first)
			read_line(line, length, expected);
		is_first = false;
		line = feed + 1;
	}
	return expected;
}

static bool is_caller(const struct trace_context *caller, const struct expected *expected)
{
	uint32_t flags = TRACE_CONTEXT_PRESENT | TRACE_CONTEXT_REMOTE |
			 (expected->is_sampled ? TRACE_CONTEXT_SAMPLED : 0);

	return memcmp(caller->trace_id, expected->trace_id, 16) == 0 &&
	       memcmp(caller->span_id, expected->span_id, 8) == 0 && caller->flags == flags;
}

/* The list starts with what is stored, up to the end of a line. */
static bool is_stored(const struct expected *expected)
{
	size_t size = native_state.length;

	if (size > expected->list_size || memcmp(native_state.text, expected->list, size) != 0)
		return false;
	for (size_t i = size; i < sizeof(native_state.text); i++) {
		if (native_state.text[i])
			return false;
	}
	return size == 0 || size == expected->list_size || expected->list[size] == ',';
}

static void check_answer(const struct pages *pages, const struct expected *expected, bool faults)
{
	struct http_connection connection = {0};
	struct trace_context caller = {0};
	bool is_lossy, is_list_whole;

	memset(&native_counters, 0, sizeof(native_counters));
	memset(&native_state, 0, sizeof(native_state));
	read_caller(&connection, 1, pages->address, pages->size, &caller);
	is_lossy = native_counters.drops[DROP_TRACE_HEADERS] > 0;
	caller.flags = (uint32_t)fuzz_answer(caller.flags);
	is_list_whole = native_state.length == expected->list_size;
	fuzz_check(is_lossy || (caller.flags != 0) == expected->is_valid,
		   "a traceparent: %d, not %d", caller.flags, expected->is_valid);
	/* Where not all headers were found, the first traceparent may be one of several. */
	fuzz_check(caller.flags == 0 || expected->parents > 1 || is_caller(&caller, expected),
		   "another traceparent");
	fuzz_check(is_stored(expected), "another tracestate: %s", native_state.text);
	fuzz_check(is_lossy || is_list_whole, "a part of tracestate: %s", native_state.text);
	fuzz_check(is_lossy || connection.has_trace_state == (expected->states > 0),
		   "a tracestate: %d", connection.has_trace_state);
	/* A loss without a reason is a wrong one. */
	fuzz_check(!is_lossy || faults || expected->list_size > TRACE_STATE_BYTES ||
			   pages->size > TRACE_SPACE_LIMIT,
		   "a loss without a reason");
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size < LIST_BYTES / 2 ? size : LIST_BYTES / 2};
	size_t page_bytes = fuzz_byte(&input) + 1U;
	char *head = malloc(input.size + 4);
	struct expected *expected;
	struct pages pages;

	if (input.size > 0)
		memcpy(head, input.bytes, input.size);
	memcpy(head + input.size, "\r\n\r\n", 4);
	pages = pages_make(head, input.size + 4, page_bytes);
	expected = read_head(head, input.size + 4);
	do {
		check_answer(&pages, expected, pages.next > 0);
	} while (pages_fault_next(&pages));
	pages_free(&pages);
	free(expected);
	free(head);
}
