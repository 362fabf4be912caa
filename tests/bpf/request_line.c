// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>

#include "native.h"

#include "base/array.h"
#include "http/request_line.bpf.h"

static uint8_t method_in(const char *line, uint32_t *ret_length)
{
	char padded[8] = {0};
	uint64_t word;

	memcpy(padded, line, strnlen(line, sizeof(padded)));
	memcpy(&word, padded, sizeof(word));
	return method_of(word, ret_length);
}

Test(bpf_request_line, every_method_is_recognized_by_its_whole_token)
{
	static const struct {
		const char *line;
		uint8_t method;
		uint32_t length;
	} rows[] = {
		{"GET / HTTP", METHOD_GET, 4},	       {"HEAD / HTTP", METHOD_HEAD, 5},
		{"POST / HTTP", METHOD_POST, 5},       {"PUT / HTTP", METHOD_PUT, 4},
		{"DELETE / HTTP", METHOD_DELETE, 7},   {"CONNECT a:1 HTTP", METHOD_CONNECT, 8},
		{"OPTIONS * HTTP", METHOD_OPTIONS, 8}, {"TRACE / HTTP", METHOD_TRACE, 6},
		{"PATCH / HTTP", METHOD_PATCH, 6},     {"QUERY / HTTP", METHOD_QUERY, 6},
		{"BREW / HTTP", METHOD_OTHER, 0},      {"GETX / HTTP", METHOD_OTHER, 0},
		{"get / HTTP", METHOD_OTHER, 0},       {"", METHOD_OTHER, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t length = 99;

		cr_assert_eq(method_in(rows[i].line, &length), rows[i].method, "%s", rows[i].line);
		cr_assert_eq(length, rows[i].length, "%s", rows[i].line);
	}
}

Test(bpf_request_line, a_path_ends_before_query_and_fragment)
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

Test(bpf_request_line, a_path_is_truncated_at_any_position_and_at_the_capacity)
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

/* Cuts the method at the start of `line` as the program does; asserts the text that is left. */
static uint32_t cut_in(const char *line, const char *text)
{
	union {
		__u64 words[METHOD_TEXT_BYTES / 8];
		char text[METHOD_TEXT_BYTES];
	} method = {{0}};
	static const char zero[METHOD_TEXT_BYTES];
	uint32_t length;

	memcpy(method.text, line, strnlen(line, sizeof(method.text)));
	length = cut_method(method.words);
	cr_assert_arr_eq(method.text, text, strlen(text), "%s", line);
	cr_assert_arr_eq(method.text + strlen(text), zero, METHOD_TEXT_BYTES - strlen(text),
			 "something is left of: %s", line);
	return length;
}

Test(bpf_request_line, an_unknown_method_is_a_token_before_a_space)
{
	static const char *const rows[][2] = {
		{"PROPFIND /dav HTTP/1.1", "PROPFIND"},
		{"M-SEARCH * HTTP/1.1", "M-SEARCH"},
		{"VERSION-CONTROL /a?secret HTTP", "VERSION-CONTROL"},
		/* No token, or none that a space ends. */
		{"Authorization: Bearer secret", ""},
		{"garbage\r\n\r\n", ""},
		{"a\tb c", ""},
		{"\"quoted\" /", ""},
		{"{\"token\":1} /", ""},
		{"\xc3\xbc /", ""},
		{"\x16\x03\x01\x02 ", ""},
		{" / HTTP/1.1", ""},
		{"", ""},
		{"PROPFIND", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_assert_eq(cut_in(rows[i][0], rows[i][1]), strlen(rows[i][1]), "%s", rows[i][0]);
}

/* Of a token that is no name of a method, the length is kept, to find the path, and no text. */
Test(bpf_request_line, only_capital_letters_and_hyphens_are_in_a_method)
{
	for (int byte = 1; byte < 256; byte++) {
		bool is_name = byte == '-' || (byte >= 'A' && byte <= 'Z');
		bool is_token = byte < 0x80 &&
				(is_name || strchr("!#$%&'*+.^_`|~", byte) ||
				 (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z'));
		char line[] = "MKCOL-X?MKCOL / ", text[] = "MKCOL-X?MKCOL";

		if (byte == ' ')
			continue;
		line[7] = text[7] = (char)byte;
		cr_assert_eq(cut_in(line, is_name ? text : ""), is_token ? 13 : 0, "%d", byte);
	}
}

Test(bpf_request_line, a_long_method_is_cut)
{
	for (int length = 1; length < 2 * METHOD_TEXT_BYTES; length++) {
		char line[3 * METHOD_TEXT_BYTES], text[METHOD_TEXT_BYTES + 1];
		int fits = length < METHOD_TEXT_BYTES;

		memset(line, 'A', (size_t)length);
		strcpy(line + length, " / HTTP");
		memset(text, 'A', METHOD_TEXT_BYTES);
		text[fits ? length : METHOD_TEXT_BYTES] = '\0';
		cr_assert_eq(cut_in(line, text), fits ? length : METHOD_TEXT_BYTES + 1, "%d",
			     length);
	}
}

/* Returns path_in_target() for a request target; `length` of its bytes have arrived. */
static int path_in(const char *target, size_t length)
{
	char *memory = native_memory_at_edge(target, length);
	int path = path_in_target(native_address(memory), length);

	native_free(memory);
	return path;
}

Test(bpf_request_line, the_path_is_found_in_each_form_of_the_target)
{
	static const struct {
		const char *target;
		int path;
	} rows[] = {
		{"/item/7 HTTP/1.1\r\n", 0},
		{"//user:secret@host/ HTTP/1.1\r\n", 0},
		{"http://any/item/7 HTTP/1.1\r\n", 10},
		{"HTTP://any/item/7 HTTP/1.1\r\n", 10},
		{"https://user:secret@any:8443/item HTTP/1.1\r\n", 28},
		{"http://[::1]:80/item?q HTTP/1.1\r\n", 15},
		{"coap+tcp://a/b HTTP/1.1\r\n", 12},
		{"ws://a/ HTTP/1.1\r\n", 6},
		{"http://any HTTP/1.1\r\n", TARGET_EMPTY_PATH},
		{"http://any?token=/secret HTTP/1.1\r\n", TARGET_EMPTY_PATH},
		{"http://any#/fragment HTTP/1.1\r\n", TARGET_EMPTY_PATH},
		{"http://any\r\nA: b/c", TARGET_EMPTY_PATH},
		{"* HTTP/1.1\r\n", TARGET_WITHOUT_PATH},
		{"host:443 HTTP/1.1\r\n", TARGET_WITHOUT_PATH},
		{"user:secret@host:443 HTTP/1.1\r\n", TARGET_WITHOUT_PATH},
		{"mailto:a/b HTTP/1.1\r\n", TARGET_WITHOUT_PATH},
		{"http:/any/a HTTP/1.1\r\n", TARGET_WITHOUT_PATH},
		/* Neither the rest of a malformed line nor a header is a target. */
		{"a b://c/secret", TARGET_WITHOUT_PATH},
		{"a\r\nb://c/secret\r\n\r\n", TARGET_WITHOUT_PATH},
		{"", TARGET_WITHOUT_PATH},
		/* The rest has not arrived. */
		{"http://an", TARGET_WITHOUT_PATH},
		{"http://", TARGET_WITHOUT_PATH},
		{"http:/", TARGET_WITHOUT_PATH},
		{"http", TARGET_WITHOUT_PATH},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int path = path_in(rows[i].target, strlen(rows[i].target));

		cr_assert_eq(path, rows[i].path, "%d in %s", path, rows[i].target);
	}
}

/* As an authority that is too long: the program counts the path as missing. */
Test(bpf_request_line, an_unreadable_target_is_not_one_without_a_path)
{
	static const char target[] = "http://any/item/7 HTTP/1.1\r\n";
	uint64_t at = native_address(target);

	for (size_t fault = 0; fault <= strlen("http://any"); fault++) {
		native_fault_from = at + fault;
		native_fault_until = native_fault_from + 1;
		cr_assert_eq(path_in_target(at, sizeof(target) - 1), TARGET_PATH_FAR, "byte %zu",
			     fault);
	}
	native_fault_from = native_fault_until = 0;
	cr_assert_eq(path_in_target(at, sizeof(target) - 1), 10);
}

Test(bpf_request_line, an_authority_is_searched_up_to_its_limit)
{
	char target[1024];

	for (size_t length = 1; length < AUTHORITY_LIMIT_BYTES + 20; length++) {
		int size =
			snprintf(target, sizeof(target), "http://%0*d/a HTTP/1.1", (int)length, 0);
		int expected = length < AUTHORITY_LIMIT_BYTES ? 7 + (int)length : TARGET_PATH_FAR;

		/* The limit itself: the byte after it is looked at. */
		if (length == AUTHORITY_LIMIT_BYTES)
			expected = 7 + (int)length;
		cr_assert_eq(path_in(target, (size_t)size), expected, "%zu", length);
	}
}
