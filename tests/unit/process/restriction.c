// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process/restriction.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/resource.h>

Test(process_restriction, lockdown)
{
	cr_assert_eq(restriction__parse_lockdown("[none] integrity confidentiality\n"),
		     LOCKDOWN_NONE);
	cr_assert_eq(restriction__parse_lockdown("none [integrity] confidentiality\n"),
		     LOCKDOWN_INTEGRITY);
	cr_assert_eq(restriction__parse_lockdown("none integrity [confidentiality]\n"),
		     LOCKDOWN_CONFIDENTIALITY);
	cr_assert_eq(restriction__parse_lockdown(""), LOCKDOWN_NONE);
	cr_assert_eq(restriction__lockdown("/nowhere"), LOCKDOWN_NONE);
}

static void expect_denier(const char *status, const char *uid_map, const char *expected)
{
	char text[RESTRICTION_SIZE];

	restriction__denier(status, uid_map, text);
	cr_expect(strstr(text, expected), "%s", text);
	cr_expect_lt(strlen(text), sizeof(text) - 1);
}

Test(process_restriction, what_denies_a_privileged_process)
{
	static const char initial[] = "         0          0 4294967295\n";

	expect_denier("Name:\ta\nSeccomp:\t0\n", initial, "a security module");
	expect_denier("Name:\ta\nSeccomp:\t2\n", initial, "a seccomp filter");
	/* A strict filter would have ended the process. */
	expect_denier("Name:\ta\nSeccomp:\t1\n", initial, "a security module");
	expect_denier("Name:\ta\nSeccomp:\t2\n", "0 1000 1\n", "user namespace");
	expect_denier("Name:\ta\nSeccomp:\t0\n", "0 100000 65536\n", "user namespace");
	expect_denier("", "", "a security module");
}

Test(process_restriction, limits_of_memory)
{
	const struct rlimit limit = {(rlim_t)100 << 20, RLIM_INFINITY};
	char text[RESTRICTION_SIZE];

	cr_assert_eq(setrlimit(RLIMIT_DATA, &limit), 0);
	restriction__memory(text);
	cr_assert(strstr(text, "the limit of data (RLIMIT_DATA, ulimit -d) is 100 MiB"), "%s",
		  text);
}
