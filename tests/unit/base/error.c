// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "unit/hostile.h"

Test(base_error, code_and_message)
{
	struct error error = {};

	cr_assert_eq(error_set(&error, -EINVAL, "%s: %d", "what", 7), -EINVAL);
	cr_assert_eq(error.code, -EINVAL);
	cr_assert_str_eq(error.message, "what: 7");
}

/* %m is the code that was given, not what errno has become since. */
Test(base_error, reason_is_of_the_code)
{
	struct error error = {};
	char expected[128];

	errno = EPIPE;
	error_set(&error, -ENOENT, "file: %m");
	snprintf(expected, sizeof(expected), "file: %s", strerror(ENOENT));
	cr_assert_str_eq(error.message, expected);
}

/* Arguments may be of the very error that is set. */
Test(base_error, own_message_as_argument)
{
	struct error error = {};

	error_set(&error, -EIO, "inner");
	error_set(&error, -EINVAL, "outer(%s)", error.message);
	cr_assert_str_eq(error.message, "outer(inner)");
}

Test(base_error, prefixes)
{
	struct error error = {};

	error_set(&error, -EIO, "reason");
	cr_assert_eq(error_prefix(&error, -EIO, "file %d", 3), -EIO);
	cr_assert_eq(error_prefix(&error, -EIO, "stage"), -EIO);
	cr_assert_str_eq(error.message, "stage: file 3: reason");
	cr_assert_eq(error.code, -EIO);
}

Test(base_error, without_an_error)
{
	cr_assert_eq(error_set(NULL, -EIO, "nowhere %d", 1), -EIO);
	cr_assert_eq(error_out_of_memory(NULL), -ENOMEM);
	cr_assert_eq(error_prefix(NULL, -EIO, "context"), -EIO);
}

/* A name from outside neither ends the line nor talks to the terminal. */
Test(base_error, controls_and_invalid_bytes)
{
	struct error error = {};

	error_set(&error, -EIO, "file %s",
		  "a\nb\x1b[31m\xc2\x9b"
		  "1m\xff");
	cr_assert_str_eq(error.message, "file a?b?[31m?1m?");
}

Test(base_error, out_of_memory)
{
	struct error error = {};

	cr_assert_eq(error_out_of_memory(&error), -ENOMEM);
	cr_assert_eq(error.code, -ENOMEM);
	cr_assert_str_eq(error.message, "out of memory");
}

/* What is too long is cut at its end, where the least is lost. */
Test(base_error, long_messages)
{
	struct error error = {};
	char text[2 * sizeof(error.message)];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&error, -EIO, "begin %s", text);
	cr_assert_eq(strlen(error.message), sizeof(error.message) - 1);
	cr_assert_eq(strncmp(error.message, "begin xxx", 9), 0);

	error_prefix(&error, -EIO, "context");
	cr_assert_eq(strlen(error.message), sizeof(error.message) - 1);
	cr_assert_eq(strncmp(error.message, "context: begin xxx", 18), 0);

	error_prefix(&error, -EIO, "%s", text);
	cr_assert_eq(strlen(error.message), sizeof(error.message) - 1);
	cr_assert_eq(error.message[0], 'x');
	cr_assert_eq(error.code, -EIO);
}

Test(base_error, the_context_is_printable)
{
	struct error error = {};

	error_set(&error, -EIO, "reason");
	error_prefix(&error, -EIO, "%s", HOSTILE);
	cr_assert_str_eq(error.message, HOSTILE_REPLACED ": reason");
}
