// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "span/span.h"

#define KEY_256	  "k123456789abcdef" KEY_240
#define KEY_240	  KEY_48 KEY_48 KEY_48 KEY_48 KEY_48
#define KEY_48	  "0123456789abcdef0123456789abcdef0123456789abcdef"
#define VALUE_256 "v123456789ABCDEF" KEY_240

static void assert_state(const char *text, const char *expected)
{
	struct arena *arena = arena__new(0);
	const char *state = span_trace_state(arena, text, strlen(text));

	if (expected) {
		cr_assert_not_null(state, "%s", text);
		cr_assert_str_eq(state, expected);
	} else {
		cr_assert_null(state, "%s", text);
	}
	arena__free(arena);
}

Test(span_trace_state, valid_lists_pass_as_they_are)
{
	static const char *const lists[] = {
		"congo=t61rcWkgMzE",
		"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
		"fw529a3039@dt=FfAAAA",
		"a=1 , b=2,\tc=3",
		"a=1,,b=2",
		"0a_-*/@z=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~ x",
		"a= b",
		KEY_256 "=" VALUE_256,
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		assert_state(lists[i], lists[i]);
}

Test(span_trace_state, space_around_it_goes)
{
	assert_state(" \ta=1\t ", "a=1");
}

Test(span_trace_state, what_is_none_is_refused)
{
	static const char *const refused[] = {
		"",	  " ",	       ",",    "a",	"a=",	  "=1",		 "A=1",
		"a=1,b",  "a=1=2",     "_a=1", "a =1",	"a b=1",  "a=\xc3\xa4",	 "a=1,a=2",
		"a=\x01", "a=1;b=2=3", "\"=1", "a=1\n", "a=b\tc", KEY_256 "0=1", "a=" VALUE_256 "0",
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_state(refused[i], NULL);
}

Test(span_trace_state, at_most_32_members)
{
	char text[512] = "";
	size_t length = 0;

	for (int i = 0; i < 32; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "k%d=%d,", i, i);
	assert_state(text, text);
	snprintf(text + length, sizeof(text) - length, "k32=32");
	assert_state(text, NULL);
}

/* The bytes come from a stranger's request: any of them, without a terminator. */
Test(span_trace_state, random_bytes)
{
	static const char likely[] = "ab=,1 @\t";
	struct arena *arena = arena__new(0);
	uint32_t random = 7;
	size_t accepted = 0;

	for (int round = 0; round < 20000; round++) {
		char *bytes = malloc((size_t)(round % 24) + 1);
		size_t size = (size_t)(round % 24);

		for (size_t i = 0; i < size; i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = random >> 28 ? likely[random >> 20 & 7] : (char)(random >> 12);
		}

		const char *state = span_trace_state(arena, bytes, size);

		free(bytes);
		accepted += state != NULL;
		cr_assert(!state || (strlen(state) <= size && strchr(state, '=')));
		arena__reset(arena);
	}
	cr_assert_gt(accepted, 100);
	arena__free(arena);
}
