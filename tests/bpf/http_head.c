// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "native.h"

#include "base/array.h"
#include "http/head.bpf.h"

uint64_t native_fault_from, native_fault_until;
uint64_t native_begin, native_end;

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
	static const size_t ends[] = {8192, 8193, 100000, HEAD_LIMIT_BYTES};
	size_t size = HEAD_LIMIT_BYTES + 64;
	char *bytes = malloc(size);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		memset(bytes, 'x', size);
		memcpy(bytes + ends[i] - 4, "\r\n\r\n", 4);
		cr_assert(whole(bytes, size), "end at %zu", ends[i]);
	}
	memset(bytes, 'x', size);
	memcpy(bytes + HEAD_LIMIT_BYTES, "\r\n\r\n", 4);
	cr_assert_not(whole(bytes, size));
	free(bytes);
}

/* Number of leading bytes of empty lines in `length` bytes. */
static int leading_in(const char *bytes, size_t length)
{
	char *copy = native_memory(bytes, length);
	int leading = count_leading(native_address(copy), length);

	native_free(copy);
	return leading;
}

Test(bpf_http_head, all_empty_lines_before_a_request_are_skipped)
{
	static const size_t counts[] = {0, 1, 7, 8, 63, 64, 65, 255, 256, 257, 8192, 100001};
	char *bytes = malloc(100100);

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		for (size_t at = 0; at < counts[i]; at++)
			bytes[at] = at % 3 ? '\n' : '\r';
		memcpy(bytes + counts[i], "GET / HTTP/1.1\r\n\r\n", 18);
		cr_assert_eq(leading_in(bytes, counts[i] + 18), counts[i], "%zu", counts[i]);
		/* Nothing but empty lines has arrived. */
		cr_assert_eq(leading_in(bytes, counts[i]), counts[i], "%zu", counts[i]);
	}
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
