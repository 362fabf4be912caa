// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "native.h"

#include "base/array.h"
#include "http/head.bpf.h"

uint64_t native_fault_from;

static int whole(const char *head, size_t length)
{
	/* The copy has the size of the head, so the sanitizer reports reads past the head. */
	char *copy = malloc(length ? length : 1);
	int result;

	memcpy(copy, head, length);
	result = head_is_complete((uint64_t)(uintptr_t)copy, length);
	free(copy);
	return result;
}

Test(bpf_http_head, a_head_is_complete_at_its_last_byte)
{
	static const char *const heads[] = {
		"GET / HTTP/1.1\r\n\r\n",
		"GET /api/v1/health HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
		"GET / HTTP/1.1\nHost: bare\n\n",
		"GET / HTTP/1.1\r\nHost: mixed\n\r\n",
	};

	for (size_t h = 0; h < ARRAY_SIZE(heads); h++) {
		size_t length = strlen(heads[h]);

		for (size_t cut = 0; cut < length; cut++)
			cr_assert_not(whole(heads[h], cut), "head %zu cut to %zu bytes", h, cut);
		cr_assert(whole(heads[h], length), "head %zu", h);
	}
}

Test(bpf_http_head, the_end_is_found_at_any_position_before_a_body)
{
	char bytes[2048];

	/* Every position of the end relative to word and chunk borders. */
	for (size_t fill = 1; fill < 1200; fill++) {
		size_t length = 0;

		memset(bytes, 'x', sizeof(bytes));
		length = fill;
		memcpy(bytes + length, "\r\n\r\n", 4);
		length += 4;
		memcpy(bytes + length, "body", 4);
		cr_assert(whole(bytes, length + 4), "end at %zu", length);
		cr_assert_not(whole(bytes, length - 1), "cut before the end at %zu", length);
	}
}

Test(bpf_http_head, only_empty_lines_end_a_head)
{
	cr_assert_not(whole("GET / HTTP/1.1\r\nA: b\r\nC: d\r\nrest", 32));
	cr_assert_not(whole("\r\r\n\r\r\n\rabcdefgh", 15));
}

Test(bpf_http_head, an_end_beyond_the_searched_part_is_not_found)
{
	size_t searched = (size_t)HEAD_CHUNK_BYTES * HEAD_CHUNK_LIMIT;
	char *bytes = malloc(searched + 8);

	memset(bytes, 'x', searched + 8);
	memcpy(bytes + searched - 4, "\r\n\r\n", 4);
	cr_assert(whole(bytes, searched + 8));
	memset(bytes, 'x', searched + 8);
	memcpy(bytes + searched, "\r\n\r\n", 4);
	cr_assert_not(whole(bytes, searched + 8));
	free(bytes);
}

/* An unreadable head is neither complete nor incomplete. */
Test(bpf_http_head, unreadable_memory_is_told_apart)
{
	char bytes[1024];
	uint64_t at = (uint64_t)(uintptr_t)bytes;

	memset(bytes, 'x', sizeof(bytes));
	cr_assert_eq(head_is_complete(at, sizeof(bytes)), 0);
	/* The last bytes, then a chunk, then the word before a chunk. */
	native_fault_from = at + 300;
	cr_assert_eq(head_is_complete(at, sizeof(bytes)), HEAD_UNREAD);
	cr_assert_eq(head_ends_in_chunk(at, sizeof(bytes), HEAD_CHUNK_BYTES), HEAD_UNREAD);
	cr_assert_eq(head_ends_in_chunk(at, sizeof(bytes), 0), 0);
	native_fault_from = 0;
	cr_assert_eq(head_ends_in_chunk(at, sizeof(bytes), sizeof(bytes)), HEAD_BEYOND);
	cr_assert_eq(head_is_complete(at, 3), 0);
}

static uint8_t method_in(const char *line, uint32_t *ret_length)
{
	char padded[8] = {0};
	uint64_t word;

	memcpy(padded, line, strnlen(line, sizeof(padded)));
	memcpy(&word, padded, sizeof(word));
	return method_of(word, ret_length);
}

Test(bpf_http_head, every_method_is_recognized_by_its_whole_token)
{
	static const struct {
		const char *line;
		uint8_t method;
		uint32_t length;
	} rows[] = {
		{"GET / HTTP", METHOD_GET, 4},
		{"HEAD / HTTP", METHOD_HEAD, 5},
		{"POST / HTTP", METHOD_POST, 5},
		{"PUT / HTTP", METHOD_PUT, 4},
		{"DELETE / HTTP", METHOD_DELETE, 7},
		{"CONNECT a:1 HTTP", METHOD_CONNECT, 8},
		{"OPTIONS * HTTP", METHOD_OPTIONS, 8},
		{"TRACE / HTTP", METHOD_TRACE, 6},
		{"PATCH / HTTP", METHOD_PATCH, 6},
		{"BREW / HTTP", METHOD_OTHER, 0},
		{"GETX / HTTP", METHOD_OTHER, 0},
		{"get / HTTP", METHOD_OTHER, 0},
		{"", METHOD_OTHER, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t length = 99;

		cr_assert_eq(method_in(rows[i].line, &length), rows[i].method, "%s", rows[i].line);
		cr_assert_eq(length, rows[i].length, "%s", rows[i].line);
	}
}

Test(bpf_http_head, a_path_ends_before_query_and_fragment)
{
	static const char *const rows[][2] = {
		{"/a/b HTTP/1.1\r\nAuthorization: Bearer t", "/a/b"},
		{"/a?token=secret HTTP/1.1", "/a"},
		{"/a#fragment HTTP/1.1", "/a"},
		{"/\r\nsecret", "/"},
		{"/only\nsecret", "/only"},
		{"? secret", ""},
		{" secret", ""},
		{"/%C3%BC/\xc3\xbc HTTP/1.1", "/%C3%BC/\xc3\xbc"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		union {
			__u64 words[URL_PATH_BYTES / 8];
			char text[URL_PATH_BYTES];
		} path = {{0}};
		static const char zero[URL_PATH_BYTES];
		size_t length = strlen(rows[i][1]);

		memcpy(path.text, rows[i][0], strlen(rows[i][0]));
		cr_assert_eq(cut_url_path(path.words), length, "%s", rows[i][0]);
		cr_assert_arr_eq(path.text, rows[i][1], length, "%s", rows[i][0]);
		cr_assert_arr_eq(path.text + length, zero, URL_PATH_BYTES - length,
				 "something is left of: %s", rows[i][0]);
	}
}

Test(bpf_http_head, a_path_is_truncated_at_any_position_and_at_the_capacity)
{
	for (size_t end = 0; end <= URL_PATH_BYTES; end++) {
		union {
			__u64 words[URL_PATH_BYTES / 8];
			char text[URL_PATH_BYTES];
		} path;

		memset(path.text, 'p', sizeof(path.text));
		if (end < URL_PATH_BYTES)
			path.text[end] = '?';
		cr_assert_eq(cut_url_path(path.words), end);
		for (size_t i = 0; i < URL_PATH_BYTES; i++)
			cr_assert_eq(path.text[i], i < end ? 'p' : 0, "end %zu, byte %zu", end, i);
	}
}

Test(bpf_http_head, a_status_is_read_from_response_lines_only)
{
	cr_assert_eq(status_of_line((const uint8_t *)"HTTP/1.1 200"), 200);
	cr_assert_eq(status_of_line((const uint8_t *)"HTTP/1.0 503"), 503);
	cr_assert_eq(status_of_line((const uint8_t *)"HTTP/1.1 999"), 999);
	cr_assert_eq(status_of_line((const uint8_t *)"HTTP/1.1 099"), 0);
	cr_assert_eq(status_of_line((const uint8_t *)"HTTP/1.1 2x0"), 0);
	cr_assert_eq(status_of_line((const uint8_t *)"HTTP/1.1X200"), 0);
	cr_assert_eq(status_of_line((const uint8_t *)"xTTP/1.1 200"), 0);
}
