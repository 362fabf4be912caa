/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_UTF8_H
#define SCOTTYSCOPE_OTLP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `text` is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates. */
bool utf8_is_valid(const char *text);

/* How many bytes, with the terminator, utf8_repair() writes for `text`. */
size_t utf8_repaired_size(const char *text);

/* Copies `text` with U+FFFD in place of each byte that belongs to no character. */
void utf8_repair(char *copy, const char *text);

#endif
