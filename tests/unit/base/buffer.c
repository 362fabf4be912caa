// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/buffer.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Test(base_buffer, appended_bytes_follow_each_other)
{
	struct buffer buffer = {0};
	char expected[1001] = "";

	for (size_t i = 0; i < 100; i++) {
		cr_assert_eq(buffer__append(&buffer, "0123456789", 10), 0);
		strcat(expected, "0123456789");
		cr_assert_eq(buffer.length, 10 * (i + 1));
		cr_assert_str_eq(buffer.bytes, expected);
	}
	buffer__done(&buffer);
}

Test(base_buffer, only_the_given_length_is_appended)
{
	struct buffer buffer = {0};

	cr_assert_eq(buffer__append(&buffer, "abcdef", 3), 0);
	cr_assert_eq(buffer__append(&buffer, "", 0), 0);
	cr_expect_str_eq(buffer.bytes, "abc");
	cr_expect_eq(buffer.length, 3);
	buffer__done(&buffer);
}

Test(base_buffer, zero_bytes_are_text)
{
	struct buffer buffer = {0};

	cr_assert_eq(buffer__append(&buffer, "a\0b", 3), 0);
	cr_expect_eq(buffer.length, 3);
	cr_expect_arr_eq(buffer.bytes, "a\0b", 4);
	buffer__done(&buffer);
}

Test(base_buffer, truncation_keeps_the_start)
{
	struct buffer buffer = {0};

	buffer__truncate(&buffer, 0);
	cr_assert_null(buffer.bytes);
	cr_assert_eq(buffer__append(&buffer, "abcdef", 6), 0);
	buffer__truncate(&buffer, 2);
	cr_expect_str_eq(buffer.bytes, "ab");
	cr_assert_eq(buffer__append(&buffer, "xy", 2), 0);
	cr_expect_str_eq(buffer.bytes, "abxy");
	cr_expect_eq(buffer.length, 4);
	buffer__done(&buffer);
}

Test(base_buffer, text_over_the_limit_is_refused_and_changes_nothing)
{
	char *most = malloc(BUFFER_BYTES_MAX);
	struct buffer buffer = {0};

	memset(most, 'm', BUFFER_BYTES_MAX);
	cr_assert_eq(buffer__append(&buffer, "a", 1), 0);
	cr_expect_eq(buffer__append(&buffer, most, BUFFER_BYTES_MAX), -E2BIG);
	cr_expect_str_eq(buffer.bytes, "a");
	cr_expect_eq(buffer.length, 1);
	cr_assert_eq(buffer__append(&buffer, most, BUFFER_BYTES_MAX - 1), 0);
	cr_expect_eq(strlen(buffer.bytes), BUFFER_BYTES_MAX);
	cr_expect_eq(buffer__append(&buffer, "b", 1), -E2BIG);
	buffer__done(&buffer);
	free(most);
}

Test(base_buffer, a_buffer_can_be_used_again_once_it_is_done)
{
	struct buffer buffer = {0};

	cr_assert_eq(buffer__append(&buffer, "abc", 3), 0);
	buffer__done(&buffer);
	cr_expect_null(buffer.bytes);
	cr_expect_eq(buffer.capacity, 0);
	cr_assert_eq(buffer__append(&buffer, "d", 1), 0);
	cr_expect_str_eq(buffer.bytes, "d");
	buffer__done(&buffer);
}
