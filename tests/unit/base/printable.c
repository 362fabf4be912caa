// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/printable.h"
#include "unit/hostile.h"

static void assert_becomes(const char *text, const char *expected)
{
	char copy[128];

	snprintf(copy, sizeof(copy), "%s", text);
	printable_replace(copy);
	cr_expect_str_eq(copy, expected);
}

Test(printable, harmless_text_is_unchanged)
{
	static const char *const texts[] = {
		"",
		"/opt/scotty/bin/scotty --port 21342",
		"\"quoted\" \\back\\slash $(echo) 100%",
		"Gr\xc3\xbc\xc3\x9f"
		"e, \xe4\xb8\xad\xe6\x96\x87, \xf0\x9f\xa6\x80",
		/* U+00A0, U+200D and U+FEFF are no controls. */
		"\xc2\xa0 \xe2\x80\x8d \xef\xbb\xbf",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_becomes(texts[i], texts[i]);
}

Test(printable, control_characters)
{
	assert_becomes("a\nscottyscope: error: forged", "a?scottyscope: error: forged");
	assert_becomes("\x1b[31mred\x1b[0m", "?[31mred?[0m");
	assert_becomes("\x01\t\r\x1f \x7f~", "???? ?~");
	/* U+009B is the one character that some terminals take for "\x1b[". */
	assert_becomes("\xc2\x9b"
		       "31m",
		       "?31m");
	assert_becomes("\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0");
}

Test(printable, controls_of_lines_and_directions)
{
	assert_becomes("\xe2\x80\xa8\xe2\x80\xa9", "??"); /* U+2028, U+2029 */
	assert_becomes("a\xe2\x80\xaa\xe2\x80\xae"
		       "b",
		       "a??b");				  /* U+202A, U+202E */
	assert_becomes("\xe2\x80\xaf", "\xe2\x80\xaf");	  /* U+202F, a space */
	assert_becomes("\xe2\x81\xa6\xe2\x81\xa9", "??"); /* U+2066, U+2069 */
	assert_becomes("\xe2\x81\xa5\xe2\x81\xaa", "\xe2\x81\xa5\xe2\x81\xaa");
	assert_becomes("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "???");
}

Test(printable, bytes_that_are_no_utf8)
{
	assert_becomes("\x9b"
		       "31m \xff\xfe",
		       "?31m ??");
	assert_becomes("\xc3", "?");
	assert_becomes("\xe2\x80", "??");
	assert_becomes("\xc0\x9b \xed\xa0\x80", "?? ???"); /* overlong, surrogate */
}

static void assert_written(const char *text, size_t width, const char *expected)
{
	char *written = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&written, &size);

	printable_write(text, width, stream);
	fclose(stream);
	cr_expect_str_eq(written, expected);
	free(written);
}

Test(printable, written_text)
{
	assert_written("", 0, "");
	assert_written(HOSTILE, 0, HOSTILE_REPLACED);
	assert_written("longer", 3, "longer");
	/* A width counts characters, and an invalid byte is one. */
	assert_written("\xc3\xbc\xff", 4, "\xc3\xbc?  ");
}
