/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_UTF8_H
#define SCOTTYSCOPE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the length in bytes of the first character of `text`, a terminated string that is not empty;
 * 0 if its bytes are no UTF-8. */
size_t utf8_character_length(const char *text);

/* Returns whether `text` is UTF-8 by RFC 3629: no overlong forms, no surrogates. */
bool utf8_is_valid(const char *text);

/* Returns the number of bytes, with the terminator, that utf8_repair() writes for `text`. */
size_t utf8_repaired_size(const char *text);

/* Copies `text` and replaces each invalid byte by U+FFFD. */
void utf8_repair(char *copy, const char *text);

/* As utf8_repair(), to a copy that the caller frees. NULL when out of memory. */
char *utf8_repaired_copy(const char *text);

/* Whether the byte continues a character (RFC 3629 section 3). A text that is cut before such a byte is cut
 * amid a character. */
static inline bool utf8_is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

#endif
