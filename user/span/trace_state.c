// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <string.h>

#include "span/span.h"

/* W3C Trace Context, level 2, section 3.3.1: a list of at most 32 members "key=value", separated by
 * commas with optional white space. Empty members are valid, duplicate keys are not. */
#define MEMBER_LIMIT 32
#define KEY_LIMIT    256
#define VALUE_LIMIT  256

struct slice {
	const char *text;
	size_t length;
};

static struct slice without_space_around(struct slice slice)
{
	while (slice.length > 0 && (*slice.text == ' ' || *slice.text == '\t')) {
		slice.text++;
		slice.length--;
	}
	while (slice.length > 0 &&
	       (slice.text[slice.length - 1] == ' ' || slice.text[slice.length - 1] == '\t'))
		slice.length--;
	return slice;
}

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_key(struct slice key)
{
	if (key.length == 0 || key.length > KEY_LIMIT || !is_lower_or_digit(*key.text))
		return false;
	for (size_t i = 1; i < key.length; i++) {
		char c = key.text[i];

		if (!is_lower_or_digit(c) && c != '_' && c != '-' && c != '*' && c != '/' &&
		    c != '@')
			return false;
	}
	return true;
}

/* Returns whether `value` is valid. The caller has split the list at commas and trimmed the value's
 * end. */
static bool is_value(struct slice value)
{
	if (value.length == 0 || value.length > VALUE_LIMIT)
		return false;
	for (size_t i = 0; i < value.length; i++) {
		char c = value.text[i];

		if (c < ' ' || c > '~' || c == '=')
			return false;
	}
	return true;
}

/* Checks one member and adds its key to `keys`; an empty member adds none. */
static bool parse_member(struct slice member, struct slice keys[MEMBER_LIMIT], size_t *key_count)
{
	if (member.length == 0)
		return true;

	const char *equals = memchr(member.text, '=', member.length);

	if (!equals || *key_count == MEMBER_LIMIT)
		return false;

	struct slice key = {member.text, (size_t)(equals - member.text)};
	struct slice value = {equals + 1, member.length - key.length - 1};

	if (!is_key(key) || !is_value(value))
		return false;
	for (size_t i = 0; i < *key_count; i++) {
		if (keys[i].length == key.length && memcmp(keys[i].text, key.text, key.length) == 0)
			return false;
	}
	keys[(*key_count)++] = key;
	return true;
}

const char *span_trace_state(struct arena *arena, const char *text, size_t length)
{
	struct slice whole = without_space_around((struct slice){text, length});
	struct slice keys[MEMBER_LIMIT];
	struct slice rest = whole;
	size_t key_count = 0;

	while (rest.length > 0) {
		const char *comma = memchr(rest.text, ',', rest.length);
		size_t taken = comma ? (size_t)(comma - rest.text) : rest.length;

		if (!parse_member(without_space_around((struct slice){rest.text, taken}), keys,
				  &key_count))
			return NULL;
		taken += comma != NULL;
		rest.text += taken;
		rest.length -= taken;
	}
	return key_count > 0 ? arena__strndup(arena, whole.text, whole.length) : NULL;
}
