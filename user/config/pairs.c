// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/values.h"

/* A list of key=value pairs: headers, resource attributes. */
struct pairs {
	struct config_header *items;
	size_t count;
};

static void pairs__clear(struct pairs *pairs)
{
	config_headers__free(pairs->items, pairs->count);
}

static int hex_value(char digit)
{
	if (!isxdigit((unsigned char)digit))
		return -1;
	return isdigit((unsigned char)digit) ? digit - '0' : tolower(digit) - 'a' + 10;
}

/* Decodes the percent-encoding of `length` bytes of `text`, without the white space around them.
 * -EINVAL for a malformed encoding and for an encoded NUL. */
static int decode(const char *text, size_t length, char **ret_decoded)
{
	while (length > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		length--;
	}
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;

	_cleanup_free_ char *decoded = malloc(length + 1);
	size_t used = 0;

	if (!decoded)
		return -ENOMEM;
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '%') {
			decoded[used++] = text[i];
			continue;
		}

		int high = i + 2 < length ? hex_value(text[i + 1]) : -1;
		int low = i + 2 < length ? hex_value(text[i + 2]) : -1;

		if (high < 0 || low < 0 || high + low == 0)
			return -EINVAL;
		decoded[used++] = (char)(high * 16 + low);
		i += 2;
	}
	decoded[used] = '\0';
	*ret_decoded = TAKE_PTR(decoded);
	return 0;
}

/* Names the entry by its position: its text may be a secret. */
static int refuse_entry(struct error *error, const char *name, size_t position)
{
	return error_set(error, -EINVAL,
			 "%s: entry %zu is not accepted; accepted: key=value,key=value with "
			 "all other characters percent-encoded",
			 name, position);
}

static int add_pair(const char *name, const char *entry, size_t length, size_t position,
		    struct pairs *pairs, struct error *error)
{
	_cleanup_free_ char *value = NULL;
	_cleanup_free_ char *key = NULL;
	const char *equals = memchr(entry, '=', length);
	int r;

	if (!equals)
		return refuse_entry(error, name, position);
	r = decode(entry, (size_t)(equals - entry), &key);
	if (r == 0)
		r = decode(equals + 1, length - (size_t)(equals - entry) - 1, &value);
	if (r == -ENOMEM)
		return error_out_of_memory(error);
	if (r < 0 || *key == '\0')
		return refuse_entry(error, name, position);

	struct config_header *items =
		reallocarray(pairs->items, pairs->count + 1, sizeof(pairs->items[0]));

	if (!items)
		return error_out_of_memory(error);
	pairs->items = items;
	items[pairs->count].name = TAKE_PTR(key);
	items[pairs->count].value = TAKE_PTR(value);
	pairs->count++;
	return 0;
}

int value_parse_pairs(const char *name, const char *text, struct config_header **ret_pairs,
		      size_t *ret_count, struct error *error)
{
	_cleanup_(pairs__clear) struct pairs pairs = {};

	for (size_t position = 1;; position++) {
		size_t length = strcspn(text, ",");

		/* Empty entries, such as the one after a final comma, are skipped. */
		if (strspn(text, " \t") < length) {
			int r = add_pair(name, text, length, position, &pairs, error);

			if (r < 0)
				return r;
		}
		if (text[length] == '\0')
			break;
		text += length + 1;
	}
	*ret_pairs = TAKE_PTR(pairs.items);
	*ret_count = pairs.count;
	pairs.count = 0;
	return 0;
}

/* Converts the header to gRPC metadata; false if that is impossible. gRPC's C core would fail every
 * call with any other header. */
static bool make_metadata(struct config_header *header)
{
	for (char *c = header->name; *c; c++) {
		*c = (char)tolower((unsigned char)*c);
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			return false;
	}
	for (const char *c = header->value; *c; c++) {
		if (!isprint((unsigned char)*c))
			return false;
	}
	return true;
}

int value_parse_headers(const char *name, const char *text, struct config_header **ret_headers,
			size_t *ret_count, struct error *error)
{
	_cleanup_(pairs__clear) struct pairs pairs = {};
	int r = value_parse_pairs(name, text, &pairs.items, &pairs.count, error);

	if (r < 0)
		return r;
	for (size_t i = 0; i < pairs.count; i++) {
		if (!make_metadata(&pairs.items[i]))
			return error_set(error, -EINVAL,
					 "%s: header %zu is not accepted; accepted: names of "
					 "letters, digits, '-', '_' and '.', values of printable "
					 "ASCII characters",
					 name, i + 1);
	}
	*ret_headers = TAKE_PTR(pairs.items);
	*ret_count = pairs.count;
	pairs.count = 0;
	return 0;
}
