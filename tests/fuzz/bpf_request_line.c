// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The method and the path of a request line. The input: the size of a page, then the bytes from the request
 * line on. */

#include "fuzz.h"
#include "pages.h"

#include "http/request_line.bpf.h"

static const char *const method_names[METHOD_COUNT] = {
#define X(identifier, name) [METHOD_##identifier] = name,
	METHOD_LIST(X)
#undef X
};

/* Bytes at the start of `text` that are in `set`. */
static size_t span_of(const char *text, size_t size, const char *set)
{
	size_t count = 0;

	while (count < size && text[count] && strchr(set, text[count]))
		count++;
	return count;
}

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TOKEN	 CAPITALS "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"
#define PATH_END " ?#\r\n"

static void check_known_method(const char *line)
{
	uint32_t length = 99, expected = 0;
	uint8_t method = METHOD_OTHER;
	uint64_t word;

	memcpy(&word, line, sizeof(word));
	for (uint8_t i = METHOD_OTHER + 1; i < METHOD_COUNT; i++) {
		size_t size = strlen(method_names[i]);

		if (strncmp(line, method_names[i], size) == 0 && line[size] == ' ') {
			method = i;
			expected = (uint32_t)size + 1;
		}
	}
	fuzz_check(fuzz_answer(method_of(word, &length)) == method && length == expected,
		   "method_of: %.8s", line);
}

static void check_other_method(const char *line)
{
	union {
		__u64 words[METHOD_TEXT_BYTES / 8];
		char text[METHOD_TEXT_BYTES];
	} method, expected = {{0}};
	size_t token = span_of(line, METHOD_TEXT_BYTES, TOKEN);
	bool is_long = token == METHOD_TEXT_BYTES, is_method = is_long || line[token] == ' ';
	uint32_t length, wanted = is_long ? METHOD_TEXT_BYTES + 1 : is_method ? (uint32_t)token : 0;

	memcpy(method.text, line, sizeof(method));
	if (is_method && span_of(line, token, CAPITALS "-") == token)
		memcpy(expected.text, line, token);
	length = cut_method(method.words);
	fuzz_check(length == wanted && memcmp(&method, &expected, sizeof(method)) == 0,
		   "cut_method: %u, not %u: %.32s", length, wanted, method.text);
}

static void check_path(const char *text)
{
	union {
		__u64 words[URL_PATH_BYTES / 8];
		char text[URL_PATH_BYTES];
	} path, expected = {{0}};
	size_t length = 0;

	while (length < URL_PATH_BYTES && text[length] && !strchr(PATH_END, text[length]))
		length++;
	memcpy(expected.text, text, length);
	memcpy(path.text, text, sizeof(path));
	fuzz_check(cut_url_path(path.words) == length &&
			   memcmp(&path, &expected, sizeof(path)) == 0,
		   "cut_url_path: not %zu bytes", length);
}

/* The place of the path in a request target, by RFC 9112 section 3.2. */
static int path_in(const char *target, size_t size)
{
	/* What no scheme has ends the target, or makes it another form. */
	size_t scheme = span_of(target, size, TOKEN), at;

	if (size == 0)
		return TARGET_WITHOUT_PATH;
	if (*target == '/')
		return 0;
	if (scheme > SCHEME_BYTES || scheme + 3 > size || memcmp(target + scheme, "://", 3) != 0)
		return TARGET_WITHOUT_PATH;
	for (at = scheme + 3; at < size && at < scheme + 3 + AUTHORITY_LIMIT_BYTES; at++) {
		if (target[at] == '\0' || strchr("/" PATH_END, target[at]))
			break;
	}
	if (at == size)
		return TARGET_WITHOUT_PATH;
	if (target[at] == '/')
		return (int)at;
	return target[at] && strchr(PATH_END, target[at]) ? TARGET_EMPTY_PATH : TARGET_PATH_FAR;
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	size_t page_bytes = fuzz_byte(&input) + 1U;
	struct pages pages = pages_make(input.bytes, input.size, page_bytes);
	char line[URL_PATH_BYTES] = {0};
	int expected = path_in(pages.memory, pages.size);

	memcpy(line, pages.memory, pages.size < sizeof(line) ? pages.size : sizeof(line));
	check_known_method(line);
	check_other_method(line);
	check_path(line);
	do {
		bool faults = pages.next > 0;
		int path = path_in_target(pages.address, pages.size);

		/* The program counts a path that is too far, or not readable. */
		fuzz_check(path == expected || (faults && path == TARGET_PATH_FAR),
			   "path_in_target: %d, not %d, page %zu", path, expected, pages.next);
	} while (pages_fault_next(&pages));
	pages_free(&pages);
}
