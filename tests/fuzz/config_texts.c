// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Texts of users, of the observed process's environment, of HTTP clients and of the Collector. The input: a choice,
 * then the text. */

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/printable.h"
#include "base/utf8.h"
#include "config/file.h"
#include "config/values.h"
#include "export/grpc_status.h"
#include "export/response.h"
#include "prom/format.h"
#include "span/span.h"
#include "web/host.h"

static void check_error(const struct error *error)
{
	char copy[sizeof(error->message)];

	fuzz_check(strlen(error->message) < sizeof(copy), "a long message");
	strcpy(copy, error->message);
	printable_replace(copy);
	fuzz_check(strcmp(copy, error->message) == 0, "a message that controls a terminal");
}

static int hex_of(char c)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits < 16 ? at - digits : at - digits - 6) : -1;
}

/* The decoded bytes between white space; false for a malformed encoding. */
static bool decode_part(const char *start, const char *end, char *decoded)
{
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (start < end && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	while (start < end) {
		int value;

		if (*start != '%') {
			*decoded++ = *start++;
			continue;
		}
		if (end - start < 3 || hex_of(start[1]) < 0 || hex_of(start[2]) < 0)
			return false;
		value = hex_of(start[1]) * 16 + hex_of(start[2]);
		if (value == 0)
			return false;
		*decoded++ = (char)value;
		start += 3;
	}
	*decoded = '\0';
	return true;
}

/* Compares the pairs with those that a plain split of the text at commas and equals signs gives. */
static void check_pairs(const char *text)
{
	struct config_header *pairs = NULL;
	struct error error = {0};
	size_t count = 0, at = 0;
	int r = value_parse_pairs("NAME", text, &pairs, &count, &error);
	char *key = malloc(strlen(text) + 1), *value = malloc(strlen(text) + 1);
	bool is_valid = true;

	for (const char *start = text, *end; is_valid && *start; start = *end ? end + 1 : end) {
		const char *equals;

		end = start + strcspn(start, ",");
		if (start + strspn(start, " \t") >= end)
			continue;
		equals = memchr(start, '=', (size_t)(end - start));
		is_valid = equals && decode_part(start, equals, key) && *key &&
			   decode_part(equals + 1, end, value);
		if (is_valid && r == 0) {
			fuzz_check(at < count && strcmp(pairs[at].name, key) == 0 &&
					   strcmp(pairs[at].value, value) == 0,
				   "another pair %zu", at);
			at++;
		}
	}
	fuzz_check(fuzz_answer(r == 0) == is_valid, "pairs: %d", r);
	fuzz_check(r < 0 || at == count, "%zu pairs, not %zu", count, at);
	if (r < 0)
		check_error(&error);
	config_headers__free(pairs, count);
	free(key);
	free(value);
}

static void check_headers(const char *text)
{
	struct config_header *headers = NULL;
	struct error error = {0};
	size_t count = 0;

	if (value_parse_headers("NAME", text, &headers, &count, &error) < 0)
		check_error(&error);
	for (size_t i = 0; i < count; i++) {
		for (const char *c = headers[i].name; *c; c++)
			fuzz_check((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
					   strchr("-_.", *c),
				   "header %s", headers[i].name);
		for (const char *c = headers[i].value; *c; c++)
			fuzz_check(*c >= ' ' && *c <= '~', "value %s", headers[i].value);
	}
	config_headers__free(headers, count);
}

static void check_values(const char *text)
{
	struct error error = {0};
	uint64_t number = 0;
	uint16_t port;
	double share = 0;
	bool flag;
	char *host = NULL, *target = NULL;

	if (value_parse_number("NAME", text, 5, 1000, &number, &error) == 0)
		fuzz_check(fuzz_answer(number) == strtoull(text, NULL, 10) && number >= 5 &&
				   number <= 1000,
			   "a number: %s", text);
	if (value_parse_duration("NAME", text, 1000, 1000000000, &number, &error) == 0)
		fuzz_check(number >= 1000 && number <= 1000000000, "a duration: %s", text);
	if (value_parse_percent("NAME", text, &share, &error) == 0)
		fuzz_check(share >= 0 && share <= 1, "a percentage: %s", text);
	value_parse_boolean("NAME", text, &flag, &error);
	if (value_parse_address("NAME", text, &host, &port, &error) == 0)
		fuzz_check(strlen(host) > 0, "no host: %s", text);
	if (value_parse_endpoint("NAME", text, false, &target, &flag, &error) == 0)
		fuzz_check(strchr(target, ':') && !strchr(target, '@'), "a target: %s", target);
	check_error(&error);
	free(host);
	free(target);
}

static void check_file(const char *text, size_t size)
{
	struct file *file = NULL;
	struct error error = {0};
	int fd = memfd_create("config", 0);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		abort();
	if (file__read(path, &file, &error) < 0) {
		check_error(&error);
	} else {
		for (size_t i = 0; i < file->count; i++)
			fuzz_check(file__find(file, file->entries[i].key) == &file->entries[i],
				   "the key %s twice", file->entries[i].key);
	}
	file__free(file);
	close(fd);
}

static void check_collector(const uint8_t *bytes, size_t size)
{
	struct export_grpc_status status = {
		.code = size > 0 ? bytes[0] % 17 : 0,
		.text = bytes,
		.text_size = size,
		.details = bytes,
		.details_size = size,
	};
	struct export_result result;

	export_grpc_status__read(&status, &result);
	fuzz_check(result.retry_after_ns <= EXPORT_RETRY_LIMIT_NS, "a delay of %zu ns",
		   (size_t)result.retry_after_ns);
	fuzz_check(strlen(result.reason) < sizeof(result.reason), "a long reason");
	for (const char *c = result.reason; *c; c++)
		fuzz_check(*c >= ' ' && *c <= '~', "reason %s", result.reason);
	fuzz_check(export_rejected_items(EXPORT_SPANS, bytes, size, 7) <= 7, "rejected spans");
}

/* The same rules as those of span_trace_state(), for one member. */
static void check_trace_state(const char *text, size_t size)
{
	struct arena *arena = arena__new(0);
	const char *state = span_trace_state(arena, text, size);

	if (state) {
		fuzz_check(strstr(text, state) && strchr(state, '='), "another list: %s", state);
		for (const char *c = state; *c; c++)
			fuzz_check((*c >= ' ' && *c <= '~') || *c == '\t',
				   "a list with control characters");
	}
	arena__free(arena);
}

static void check_text(const char *text)
{
	size_t size = strlen(text), repaired_size = utf8_repaired_size(text);
	char *copy = malloc(size + 1), *repaired = malloc(repaired_size);

	strcpy(copy, text);
	printable_replace(copy);
	fuzz_check(strlen(copy) <= size && utf8_is_valid(copy), "no UTF-8");
	for (const char *c = copy; *c; c++)
		fuzz_check((unsigned char)*c >= ' ' && *c != 0x7f, "a control character");
	utf8_repair(repaired, text);
	fuzz_check(strlen(repaired) + 1 == repaired_size && utf8_is_valid(repaired), "no repair");
	fuzz_check(!utf8_is_valid(text) || strcmp(text, repaired) == 0, "valid text changes");
	prom_format_of_accept(text);
	fuzz_check(!web_host_is_allowed(text, NULL, NULL) || !strstr(text, "attacker"), "Host: %s",
		   text);
	free(copy);
	free(repaired);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	uint8_t choice = fuzz_byte(&input);
	char *text = fuzz_text(input);

	switch (choice % 6) {
	case 0:
		check_pairs(text);
		break;
	case 1:
		check_headers(text);
		break;
	case 2:
		check_values(text);
		break;
	case 3:
		check_file(text, input.size);
		break;
	case 4:
		check_collector(input.bytes, input.size);
		break;
	default:
		check_trace_state(text, strlen(text));
		check_text(text);
	}
	free(text);
}
