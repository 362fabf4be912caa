// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "base/array.h"
#include "probe/route_label.h"

#define HASH 0x89abcdef01234567

static struct route_text text_of(const char *text)
{
	struct route_text route = {.length = strlen(text)};

	memcpy(route.text, text,
	       route.length < sizeof(route.text) ? route.length : sizeof(route.text));
	return route;
}

/* Writes the label of a text of `length` bytes: 'a', and `character` at its end. */
static void label_of(size_t length, const char *character, char label[ROUTE_LABEL_BYTES])
{
	char text[ROUTE_TEXT_BYTES * 2] = {0};
	struct route_text route;

	memset(text, 'a', length - strlen(character));
	strcat(text, character);
	strcat(text, "rest of a long template");
	text[length] = length <= ROUTE_TEXT_BYTES ? '\0' : text[length];
	route = text_of(text);
	route_label(&route, HASH, label);
}

Test(probe_route_label, a_text_within_the_capacity_is_the_label)
{
	static const char *const texts[] = {"/", "/api/v1/health", "/caf\xc3\xa9/{id}"};
	char label[ROUTE_LABEL_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct route_text route = text_of(texts[i]);

		route_label(&route, HASH, label);
		cr_expect_str_eq(label, texts[i]);
	}
	label_of(ROUTE_TEXT_BYTES, "b", label);
	cr_expect_eq(strlen(label), ROUTE_TEXT_BYTES);
	cr_expect_str_eq(label + ROUTE_TEXT_BYTES - 1, "b");
}

/* A NUL would end the label, which would then be that of another route. */
Test(probe_route_label, a_nul_is_no_end)
{
	struct route_text route = {.length = 4, .text = "/a"};
	char label[ROUTE_LABEL_BYTES];

	route.text[3] = 'b';
	route_label(&route, HASH, label);
	cr_expect_str_eq(label, "/a\xff"
				"b");
}

Test(probe_route_label, a_cut_is_marked_behind_the_last_whole_character)
{
	static const struct {
		size_t length; /* of the text with the character, before more follows */
		const char *character;
		size_t kept;
	} cases[] = {
		{ROUTE_TEXT_BYTES + 1, "\xc3\xa9", ROUTE_TEXT_BYTES - 1},
		{ROUTE_TEXT_BYTES + 1, "\xe2\x98\x83", ROUTE_TEXT_BYTES - 2},
		{ROUTE_TEXT_BYTES + 2, "\xe2\x98\x83", ROUTE_TEXT_BYTES - 1},
		{ROUTE_TEXT_BYTES + 1, "\xf0\x9f\xa6\x80", ROUTE_TEXT_BYTES - 3},
		{ROUTE_TEXT_BYTES + 3, "\xf0\x9f\xa6\x80", ROUTE_TEXT_BYTES - 1},
	};
	char label[ROUTE_LABEL_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		label_of(cases[i].length, cases[i].character, label);
		cr_expect_str_eq(label + cases[i].kept, ROUTE_MARK "89abcdef", "%zu: %s", i, label);
		cr_expect_eq(label[cases[i].kept - 1], 'a', "%zu: %s", i, label);
	}
}

Test(probe_route_label, equal_texts_before_the_cut_have_different_labels)
{
	char text[ROUTE_TEXT_BYTES * 2] = {0}, first[ROUTE_LABEL_BYTES], second[ROUTE_LABEL_BYTES];
	struct route_text route;

	memset(text, 'a', ROUTE_TEXT_BYTES + 1);
	route = text_of(text);
	route_label(&route, 1ULL << 32, first);
	route_label(&route, 2ULL << 32, second);
	cr_expect_str_neq(first, second);
}
