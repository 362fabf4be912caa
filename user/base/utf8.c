// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd";

static bool is_between(unsigned char byte, unsigned char low, unsigned char high)
{
	return byte >= low && byte <= high;
}

/* Reads nothing beyond the terminator, which is not a continuation byte (0x80 to 0xbf). */
size_t utf8_character_length(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (byte[0] < 0x80)
		return 1;
	if (is_between(byte[0], 0xc2, 0xdf)) {
		length = 2;
	} else if (is_between(byte[0], 0xe0, 0xef)) {
		length = 3;
		low = byte[0] == 0xe0 ? 0xa0 : 0x80;  /* smaller: overlong */
		high = byte[0] == 0xed ? 0x9f : 0xbf; /* larger: surrogates */
	} else if (is_between(byte[0], 0xf0, 0xf4)) {
		length = 4;
		low = byte[0] == 0xf0 ? 0x90 : 0x80;
		high = byte[0] == 0xf4 ? 0x8f : 0xbf; /* U+10FFFF is the last */
	} else {
		return 0;
	}
	if (!is_between(byte[1], low, high))
		return 0;
	for (size_t i = 2; i < length; i++) {
		if (!is_between(byte[i], 0x80, 0xbf))
			return 0;
	}
	return length;
}

/* Returns whether `text` is ASCII, as most texts are. Checks eight bytes at a time. */
static bool is_ascii(const char *text)
{
	size_t size = strlen(text), at = 0;
	uint64_t bits = 0, word;

	for (; at + sizeof(word) <= size; at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		bits |= word;
	}
	for (; at < size; at++)
		bits |= (unsigned char)text[at];
	return (bits & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_is_valid(const char *text)
{
	if (is_ascii(text))
		return true;
	while (*text) {
		size_t length = utf8_character_length(text);

		if (length == 0)
			return false;
		text += length;
	}
	return true;
}

size_t utf8_repaired_size(const char *text)
{
	size_t size = 1;

	while (*text) {
		size_t length = utf8_character_length(text);

		size += length ? length : sizeof(replacement) - 1;
		text += length ? length : 1;
	}
	return size;
}

void utf8_repair(char *copy, const char *text)
{
	while (*text) {
		size_t length = utf8_character_length(text);

		if (length > 0) {
			memcpy(copy, text, length);
			copy += length;
			text += length;
		} else {
			memcpy(copy, replacement, sizeof(replacement) - 1);
			copy += sizeof(replacement) - 1;
			text++;
		}
	}
	*copy = '\0';
}

char *utf8_repaired_copy(const char *text)
{
	char *copy = malloc(utf8_repaired_size(text));

	if (copy)
		utf8_repair(copy, text);
	return copy;
}
