// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/output.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

Test(base_output, a_full_device_is_an_error)
{
	struct error error = {0};

	cr_assert_not_null(freopen("/dev/full", "w", stdout));
	cr_assert_eq(output__flush(&error), 0);
	fputs("text", stdout);
	cr_assert_eq(output__flush(&error), -EIO);
	cr_assert(strstr(error.message, "No space left on device"), "%s", error.message);
	/* The failure is not forgotten. */
	cr_assert_eq(output__flush(&error), -EIO);
}

Test(base_output, a_closed_pipe_is_no_signal)
{
	struct error error = {0};
	int ends[2];

	output__prepare();
	cr_assert_eq(pipe(ends), 0);
	close(ends[0]);
	cr_assert_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	fputs("text", stdout);
	cr_assert_eq(output__flush(&error), -EIO);
	cr_assert(strstr(error.message, "Broken pipe"), "%s", error.message);
}

/* A file that is opened later must not get the output. */
Test(base_output, a_closed_descriptor_is_not_reused)
{
	struct error error = {0};
	int fd;

	close(STDOUT_FILENO);
	output__prepare();
	fd = open("/dev/null", O_WRONLY);
	cr_assert_gt(fd, STDERR_FILENO);
	fputs("text", stdout);
	cr_assert_eq(output__flush(&error), -EIO);
}

Test(base_output, a_lost_message_is_remembered)
{
	cr_redirect_stderr();
	log_info("a message");
	cr_assert_not(log_has_failed());
	cr_assert_not_null(freopen("/dev/full", "w", stderr));
	setvbuf(stderr, NULL, _IONBF, 0);
	log_info("a message");
	cr_assert(log_has_failed());
}
