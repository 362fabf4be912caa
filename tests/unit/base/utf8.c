// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "base/array.h"
#include "base/utf8.h"

Test(otlp_utf8, valid)
{
	static const char *const texts[] = {
		"",
		"a",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
		"x\xc3\xa4y",
		"12345678",
		"123456789",
		"1234567\xc3\xa4",
		"12345678\xc3\xa4 12345678",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_assert(utf8_is_valid(texts[i]), "text %zu", i);
}

Test(otlp_utf8, invalid_is_repaired)
{
#define R "\xef\xbf\xbd"
	static const char *const texts[][2] = {
		{"\x80", R},
		{"\xc0\xaf", R R},	       /* overlong */
		{"\xc3", R},		       /* cut off by the end */
		{"\xe0\x9f\xbf", R R R},       /* overlong */
		{"\xed\xa0\x80", R R R},       /* surrogate */
		{"\xf4\x90\x80\x80", R R R R}, /* beyond U+10FFFF */
		{"\xf0\x9f\x98", R R R},       /* cut off */
		{"\xff\xfe", R R},
		{"1234567\xff", "1234567" R},
		{"12345678\xff", "12345678" R},
		{"\xff 1234567890123456", R " 1234567890123456"},
		{"a\xc3\xa4\xe4z", "a\xc3\xa4" R "z"}, /* Latin-1 in it */
	};
#undef R

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char repaired[32];

		cr_assert_not(utf8_is_valid(texts[i][0]), "text %zu", i);
		cr_assert_eq(utf8_repaired_size(texts[i][0]), strlen(texts[i][1]) + 1);
		utf8_repair(repaired, texts[i][0]);
		cr_assert_str_eq(repaired, texts[i][1]);
		cr_assert(utf8_is_valid(repaired));
	}
}
