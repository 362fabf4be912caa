// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "front/log_relay.h"

static struct log_relay relay;
static char printed[65536];
static size_t lines;

static void print(enum log_level level, const char *text)
{
	size_t length = strlen(printed);

	snprintf(printed + length, sizeof(printed) - length, "%d %s\n", level, text);
	lines++;
}

static void start(void)
{
	log_relay__init(&relay, print);
}

TestSuite(log_relay, .init = start);

static void add(const char *text)
{
	log_relay__add(&relay, text, strlen(text), NS_PER_S);
}

Test(log_relay, levels_are_read_from_prefixes)
{
	add("scottyscope: error: a\nscottyscope: warning: b\nscottyscope: c\n");
	add("scottyscope: debug: d\nE1130 tcp.cc:1] e\n\n");
	cr_assert_str_eq(printed, "0 a\n1 b\n2 c\n3 d\n1 E1130 tcp.cc:1] e\n");
}

Test(log_relay, pieces_of_a_line_are_joined)
{
	add("scottyscope: war");
	add("ning: cannot");
	cr_assert_eq(lines, 0u);
	add(" export\nscottyscope: more");
	cr_assert_str_eq(printed, "1 cannot export\n");
	log_relay__flush(&relay, NS_PER_S);
	cr_assert_str_eq(printed, "1 cannot export\n2 more\n");
}

Test(log_relay, a_long_line_is_several_lines)
{
	static char text[3 * LOG_RELAY_LINE_BYTES];

	memset(text, 'x', sizeof(text));
	log_relay__add(&relay, text, sizeof(text), NS_PER_S);
	log_relay__flush(&relay, NS_PER_S);
	cr_assert_eq(lines, 4u);
	cr_assert_eq(strlen(printed), sizeof(text) + 4 * strlen("1 \n"));
}

Test(log_relay, a_nul_ends_no_line)
{
	log_relay__add(&relay, "a\0b\n", 4, NS_PER_S);
	cr_assert_str_eq(printed, "1 a?b\n");
}

Test(log_relay, a_flood_is_counted)
{
	for (int i = 0; i < 1000; i++)
		add("scottyscope: flood\n");
	cr_assert_eq(lines, 50u);
	log_relay__add(&relay, "scottyscope: later\n", 19, 10 * NS_PER_S);
	cr_assert_not_null(strstr(printed, "1 950 lines were dropped\n2 later\n"), "%s", printed);
	for (int i = 0; i < 60; i++)
		log_relay__add(&relay, "x\n", 2, 10 * NS_PER_S);
	log_relay__flush(&relay, 10 * NS_PER_S);
	cr_assert_not_null(strstr(printed, "lines were dropped\n"), "%s", printed);
}
