// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>

#include "native.h"

#include "base/array.h"
#include "http/trace_context.bpf.h"

#define SEARCHED ((int)HEAD_LIMIT_BYTES)

/* Offset of the first line at or after `from` that starts with a t; -1 for none. */
static int line_in(const char *head, size_t length, size_t from)
{
	char *memory = native_memory(head, length);
	int line = next_trace_line(native_address(memory), length, from);

	native_free(memory);
	return line;
}

/* Asserts that the lines that start with a t are at these offsets; -1 ends the list. */
static void assert_lines(const char *head, const int *offsets)
{
	size_t from = 0;
	int line;

	do {
		line = line_in(head, strlen(head), from);
		cr_assert_eq(line, *offsets, "%d, not %d, in: %s", line, *offsets, head);
		from = (size_t)line + 1;
	} while (*offsets++ >= 0);
}

Test(bpf_trace_lines, header_lines_that_start_with_a_t_are_found_in_order)
{
	assert_lines("GET / HTTP/1.1\r\nTe: x\r\nHost: t\r\ntraceparent: 00\r\nTRAILER: t\r\n\r\n",
		     (const int[]){16, 32, 49, -1});
	assert_lines("GET / HTTP/1.1\nTe: x\nHost: t\ntraceparent: 00\nTRAILER: t\n\n",
		     (const int[]){15, 29, 45, -1});
	assert_lines("GET / HTTP/1.1\r\nHost: t\r\nAccept: */*\r\n\r\n", (const int[]){-1});
	/* Bytes that differ from t in one bit or in the case bit only. */
	assert_lines("GET / HTTP/1.1\r\nu: 1\r\np: 2\r\n4: 3\r\n\x14: 4\r\nd: 5\r\nv: 6\r\n\r\n",
		     (const int[]){-1});
}

Test(bpf_trace_lines, the_request_line_is_no_header)
{
	assert_lines("TRACE /traceparent: HTTP/1.1\r\nHost: a\r\n\r\n", (const int[]){-1});
	assert_lines("traceparent: 00\r\nHost: a\r\n\r\n", (const int[]){-1});
	assert_lines("TRACE / HTTP/1.1\r\ntraceparent: 00\r\n\r\n", (const int[]){18, -1});
}

Test(bpf_trace_lines, lines_after_the_head_are_no_headers)
{
	assert_lines("GET / HTTP/1.1\r\nHost: a\r\n\r\ntraceparent: 00\r\ntrace: 1\r\n\r\n",
		     (const int[]){-1});
	assert_lines("GET / HTTP/1.1\nHost: a\n\ntraceparent: 00\n\n", (const int[]){-1});
	/* The shortest line before the end: both may be in one word. */
	assert_lines("G\nt:\n\nt", (const int[]){2, -1});
	assert_lines("POST / HTTP/1.1\r\nt: 1\r\n\r\ntrace\r\ntraceparent: 00\r\n\r\n",
		     (const int[]){17, -1});
	/* A line with white space or a lone carriage return is not empty. */
	assert_lines("GET / HTTP/1.1\r\n \r\ntraceparent: 00\r\n\r\n", (const int[]){19, -1});
	assert_lines("GET / HTTP/1.1\r\n\r\r\ntraceparent: 00\r\n\r\n", (const int[]){19, -1});
}

/* Every position of a line and of the end relative to word and chunk borders. */
Test(bpf_trace_lines, a_line_and_the_end_of_the_head_are_found_at_any_position)
{
	static const char *const ends[] = {"\r\n", "\n"};
	static const char line[] = "traceparent: 00", body[] = "traceparent: 00\r\nt\r\n\r\n";

	for (size_t e = 0; e < 2; e++) {
		for (size_t before = 1; before < 300; before++) {
			for (size_t behind = 0; behind < 20; behind++) {
				char head[600];
				int at = (int)(before + strlen(ends[e]));
				int length = snprintf(head, sizeof(head), "%0*d%s%s%sx%0*d%s%s%s",
						      (int)before, 0, ends[e], line, ends[e],
						      (int)behind, 0, ends[e], ends[e], body);
				int found = line_in(head, (size_t)length, 0);

				cr_assert_eq(found, at, "%d, not %d", found, at);
				found = line_in(head, (size_t)length, (size_t)at + 1);
				cr_assert_eq(found, -1, "%d behind %d and %zu", found, at, behind);
			}
		}
	}
}

Test(bpf_trace_lines, a_search_continues_after_the_last_line)
{
	char head[1024];
	size_t length = 1;

	/* Lines of all lengths up to a few words; each contains a t. */
	memset(head, 0, sizeof(head));
	memcpy(head, "G\n", 2);
	length = 2;
	for (size_t i = 0; i < 36; i++) {
		int found = -1;

		length += (size_t)snprintf(head + length, sizeof(head) - length, "t%0*d\n",
					   (int)i + 1, 0);
		for (size_t from = 0, lines = 0; lines <= i; lines++) {
			found = line_in(head, length, from);
			cr_assert_geq(found, 0, "line %zu of %zu", lines, i + 1);
			cr_assert_eq(head[found], 't');
			cr_assert_eq(head[found - 1], '\n');
			from = (size_t)found + 1;
		}
		cr_assert_eq(line_in(head, length, (size_t)found + 1), -1);
	}
}

Test(bpf_trace_lines, long_heads_are_searched_up_to_the_limit)
{
	char *head = malloc(3 * SEARCHED);

	memset(head, 'x', 3 * SEARCHED);
	memcpy(head + SEARCHED - 2, "\nt", 2);
	cr_assert_eq(line_in(head, 3 * SEARCHED, 0), SEARCHED - 1);
	/* The limit counts from the start of each search. */
	memcpy(head + 2 * SEARCHED - 2, "\nT", 2);
	cr_assert_eq(line_in(head, 3 * SEARCHED, SEARCHED), 2 * SEARCHED - 1);
	memset(head, 'x', 3 * SEARCHED);
	memcpy(head + SEARCHED - 1, "\nt", 2);
	cr_assert_eq(line_in(head, 3 * SEARCHED, 0), -2);
	/* The end of the head at the limit, and one byte later. */
	memcpy(head + SEARCHED - 2, "\n\n", 2);
	cr_assert_eq(line_in(head, 3 * SEARCHED, 0), -1);
	memcpy(head + SEARCHED - 2, "x\n\n", 3);
	cr_assert_eq(line_in(head, 3 * SEARCHED, 0), -2);
	/* The whole head was searched. */
	cr_assert_eq(line_in(head, SEARCHED - TRACE_CHUNK_BYTES, 0), -1);
	free(head);
}

Test(bpf_trace_lines, a_head_with_an_unreadable_part)
{
	char head[4 * TRACE_CHUNK_BYTES];

	memset(head, 'x', sizeof(head));
	memcpy(head + TRACE_CHUNK_BYTES - 2, "\nt", 2);
	memcpy(head + 3 * TRACE_CHUNK_BYTES, "\nt", 2);
	native_fault_from = native_address(head) + 2 * TRACE_CHUNK_BYTES;
	cr_assert_eq(next_trace_line(native_address(head), sizeof(head), 0), TRACE_CHUNK_BYTES - 1);
	/* A part that cannot be read is no part without the headers. */
	cr_assert_eq(next_trace_line(native_address(head), sizeof(head), TRACE_CHUNK_BYTES),
		     TRACE_LINE_FAR);
	native_fault_from = native_address(head);
	cr_assert_eq(next_trace_line(native_address(head), sizeof(head), 0), TRACE_LINE_FAR);
	/* The word before the chunk, which tells whether the chunk starts with a line. */
	native_fault_from = native_address(head) + TRACE_CHUNK_BYTES - 1;
	native_fault_until = native_fault_from + 1;
	cr_assert_eq(next_trace_line(native_address(head), sizeof(head), TRACE_CHUNK_BYTES),
		     TRACE_LINE_FAR);
	native_fault_until = 0;
	native_fault_from = 0;
	cr_assert_eq(next_trace_line(native_address(head), 0, 0), -1);
	cr_assert_eq(next_trace_line(native_address(head), 100, 100), -1);
	cr_assert_eq(next_trace_line(native_address(head), 100, 1000), -1);
}

static int header_in(const char *line)
{
	char *memory = native_memory_at_edge(line, strlen(line));
	int header = trace_header_at(native_address(memory), strlen(line));

	native_free(memory);
	return header;
}

Test(bpf_trace_lines, headers_are_recognized_by_their_whole_names)
{
	static const struct {
		const char *line;
		int header;
	} rows[] = {
		{"traceparent: 00-", TRACE_HEADER_PARENT},
		{"Traceparent: 00-", TRACE_HEADER_PARENT},
		{"TRACEPARENT:", TRACE_HEADER_PARENT},
		{"tracestate: a=1", TRACE_HEADER_STATE},
		{"TraceState:a=1", TRACE_HEADER_STATE},
		{"tracestate:\r\n\r\n", TRACE_HEADER_STATE},
		{"trailer: traceparent:", TRACE_HEADER_NONE},
		{"transfer-encoding: chunked", TRACE_HEADER_NONE},
		{"traceparents: 00-", TRACE_HEADER_NONE},
		{"traceparent : 00-", TRACE_HEADER_NONE},
		{"traceparent\t: 00-", TRACE_HEADER_NONE},
		{"trace-parent: 00-", TRACE_HEADER_NONE},
		{"traceparen: 00-", TRACE_HEADER_NONE},
		{"tracestates: a=1", TRACE_HEADER_NONE},
		{"tracestat: a=1", TRACE_HEADER_NONE},
		{"tracestate : a=1", TRACE_HEADER_NONE},
		{"tracestent: a=1", TRACE_HEADER_NONE},
		{"traceparte: a=1", TRACE_HEADER_NONE},
		/* At the end of the head. */
		{"traceparent", TRACE_HEADER_NONE},
		{"t", TRACE_HEADER_NONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_assert_eq(header_in(rows[i].line), rows[i].header, "%s", rows[i].line);
}

Test(bpf_trace_lines, an_unreadable_name_is_no_other_name)
{
	static const char head[] = "G\ntrailer: a\ntraceparent: 00-\n\n";
	uint64_t at = native_address(head);

	native_fault_from = at + strlen("G\ntrailer: a\ntrace");
	native_fault_until = native_fault_from + 1;
	cr_assert_eq(trace_header_at(at + strlen("G\ntrailer: a\n"), sizeof(head) - 1 - 13),
		     TRACE_HEADER_UNREAD);
	cr_assert_eq(next_trace_header(at, sizeof(head) - 1, 0), TRACE_LINE_FAR);
	native_fault_from = native_fault_until = 0;
	cr_assert_eq(TRACE_FOUND_HEADER(next_trace_header(at, sizeof(head) - 1, 0)),
		     TRACE_HEADER_PARENT);
}

Test(bpf_trace_lines, a_name_with_one_other_byte_is_not_recognized)
{
	static const char *const names[] = {"traceparent:", "tracestate:x"};

	for (size_t n = 0; n < 2; n++) {
		int header = n == 0 ? TRACE_HEADER_PARENT : TRACE_HEADER_STATE;
		size_t size = n == 0 ? 12 : 11;
		char line[13];

		for (size_t at = 0; at < size; at++) {
			for (int byte = 1; byte < 256; byte++) {
				int same = byte == names[n][at] ||
					   (names[n][at] != ':' && byte == names[n][at] - 0x20);

				memcpy(line, names[n], sizeof(line));
				line[at] = (char)byte;
				cr_assert_eq(header_in(line), same ? header : TRACE_HEADER_NONE,
					     "%s with %d at %zu", names[n], byte, at);
			}
		}
	}
}

/* A head and its headers in order: P and S with the position of the line, E for the end of the head,
 * F for a search that was given up. */
static void assert_headers(const char *head, size_t length, const char *expected)
{
	char *memory = native_memory(head, length);
	char text[256] = "";
	size_t from = 0, size = 0;
	int found;

	do {
		found = next_trace_header(native_address(memory), length, from);
		if (found >= 0) {
			from = TRACE_FOUND_LINE(found) + 1;
			size += (size_t)snprintf(
				text + size, sizeof(text) - size, "%c%zu ",
				TRACE_FOUND_HEADER(found) == TRACE_HEADER_PARENT ? 'P' : 'S',
				from - 1);
		}
	} while (found >= 0);
	snprintf(text + size, sizeof(text) - size, "%c", found == TRACE_LINE_NONE ? 'E' : 'F');
	cr_assert_str_eq(text, expected, "%s, not %s, in: %.100s", text, expected, head);
	native_free(memory);
}

Test(bpf_trace_lines, both_headers_are_found_in_order)
{
	static const char *const rows[][2] = {
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "E"},
		{"GET / HTTP/1.1\r\nTE: b\r\ntraceparent:P\r\nTrailer: a\r\ntracestate:S\r\n\r\n",
		 "P23 S50 E"},
		{"GET / HTTP/1.1\nTraceState: S\nTraceParent: P\n\n", "S15 P29 E"},
		{"GET / HTTP/1.1\ntraceparent:P\ntraceparent:Q\nTRACEPARENT:R\n\n",
		 "P15 P29 P43 E"},
		{"GET / HTTP/1.1\ntracestate:S\ntracestate:T\n\n", "S15 S28 E"},
		{"GET / HTTP/1.1\ntraceparents:P\ntracestates:S\n\n", "E"},
		{"GET / HTTP/1.1\n\ntraceparent:P\ntracestate:S\n\n", "E"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_headers(rows[i][0], strlen(rows[i][0]), rows[i][1]);
}

Test(bpf_trace_lines, a_header_behind_many_other_lines_is_found)
{
	char head[4096];
	int size = snprintf(head, sizeof(head), "G\n");

	for (int i = 0; i < TRACE_LINE_LIMIT - 1; i++)
		size += snprintf(head + size, sizeof(head) - (size_t)size, "te:%d\n", i);
	size += snprintf(head + size, sizeof(head) - (size_t)size, "tracestate:S\n\n");
	assert_headers(head, (size_t)size, "S781 E");
	/* One more line that starts with a t: the search is given up. */
	size = snprintf(head, sizeof(head), "G\n");
	for (int i = 0; i < TRACE_LINE_LIMIT; i++)
		size += snprintf(head + size, sizeof(head) - (size_t)size, "te:%d\n", i);
	size += snprintf(head + size, sizeof(head) - (size_t)size, "tracestate:S\n\n");
	assert_headers(head, (size_t)size, "F");
}

Test(bpf_trace_lines, a_search_reports_a_head_that_is_too_long)
{
	char *head = malloc(2 * (size_t)SEARCHED);

	memset(head, 'x', 2 * (size_t)SEARCHED);
	memcpy(head + 100, "\ntraceparent:P", 14);
	assert_headers(head, 2 * (size_t)SEARCHED, "P101 F");
	/* Longer than 8 KiB, but searched to the end. */
	assert_headers(head, 9000, "P101 E");
	memcpy(head + 400000, "\ntracestate:S\n\ntrace", 21);
	assert_headers(head, 2 * (size_t)SEARCHED, "P101 S400001 E");
	free(head);
}
