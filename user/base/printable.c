// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/array.h"
#include "base/utf8.h"

/* The characters that are replaced, in rising order. The direction controls are those of the property
 * Bidi_Control (Unicode Standard Annex 9, section 2). */
static const struct range {
	uint32_t first, last;
} replaced[] = {
	{0x0000, 0x001f}, /* C0 */
	{0x007f, 0x009f}, /* DEL and C1 */
	{0x061c, 0x061c}, /* ARABIC LETTER MARK */
	{0x200e, 0x200f}, /* LEFT-TO-RIGHT MARK, RIGHT-TO-LEFT MARK */
	{0x2028, 0x2029}, /* LINE SEPARATOR, PARAGRAPH SEPARATOR */
	{0x202a, 0x202e}, /* embeddings, overrides and their end */
	{0x2066, 0x2069}, /* isolates and their end */
};

static bool is_replaced(uint32_t character)
{
	for (size_t i = 0; i < ARRAY_SIZE(replaced); i++) {
		if (character <= replaced[i].last)
			return character >= replaced[i].first;
	}
	return false;
}

/* Decodes a character whose `length` bytes are valid UTF-8. */
static uint32_t decode(const char *text, size_t length)
{
	/* The bits of the first byte that belong to the character. */
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t character = (unsigned char)text[0] & masks[length];

	for (size_t i = 1; i < length; i++)
		character = character << 6 | ((unsigned char)text[i] & 0x3f);
	return character;
}

/* Returns the length in bytes of the first character of `text`, which is not empty. `*ret_is_replaced`:
 * whether a "?" takes its place. A byte that is not UTF-8 counts as a character. */
static size_t next_character(const char *text, bool *ret_is_replaced)
{
	size_t length = utf8_character_length(text);

	*ret_is_replaced = length == 0 || is_replaced(decode(text, length));
	return length ? length : 1;
}

void printable_replace(char *text)
{
	char *end = text;
	bool is_bad;

	while (*text) {
		size_t length = next_character(text, &is_bad);

		if (is_bad) {
			*end++ = '?';
		} else {
			memmove(end, text, length);
			end += length;
		}
		text += length;
	}
	*end = '\0';
}

void printable_write(const char *text, size_t width, FILE *stream)
{
	size_t written = 0;
	bool is_bad;

	for (; *text; written++) {
		size_t length = next_character(text, &is_bad);

		if (is_bad)
			fputc('?', stream);
		else
			fwrite(text, 1, length, stream);
		text += length;
	}
	for (; written < width; written++)
		fputc(' ', stream);
}
