/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_HOSTILE_H
#define SCOTTYSCOPE_TESTS_HOSTILE_H

/* Text of an observed process that attacks the terminal of a reader. */

#include <criterion/criterion.h>
#include <stddef.h>
#include <string.h>

/* A forged line, an escape sequence, U+009B, U+202E, DEL, and a byte that is not UTF-8. */
#define HOSTILE         \
	"a\nforged "    \
	"b\x1b[31m"     \
	"c\xc2\x9b"     \
	"d\xe2\x80\xae" \
	"e\x7f"         \
	"f\xff"

/* HOSTILE in a text view, and in JSON. */
#define HOSTILE_REPLACED "a?forged b?[31mc?d?e?f?"
#define HOSTILE_REPAIRED \
	"a\nforged "     \
	"b\x1b[31m"      \
	"c\xc2\x9b"      \
	"d\xe2\x80\xae"  \
	"e\x7f"          \
	"f\xef\xbf\xbd"

/* Expects HOSTILE_REPLACED `count` times in a text, and nothing that HOSTILE has beyond it. */
static inline void assert_replaced(const char *text, size_t count)
{
	static const char *const parts[] = {"\x1b", "\xc2\x9b", "\xe2\x80\xae",
					    "\x7f", "\xff",	"\nforged "};
	size_t found = 0;

	for (const char *at = text; (at = strstr(at, HOSTILE_REPLACED)); at++)
		found++;
	cr_expect_eq(found, count, "%zu times in: %s", found, text);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		cr_expect_null(strstr(text, parts[i]), "part %zu of: %s", i, text);
}

#endif
