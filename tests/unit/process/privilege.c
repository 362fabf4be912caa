// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "process/privilege.h"

static const cap_value_t needed[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};

/* The text for a process that holds the first `count` of the needed capabilities. */
static size_t missing_with(int count, char *text, size_t size)
{
	cap_t held = cap_init();
	size_t missing;

	if (count > 0)
		cap_set_flag(held, CAP_EFFECTIVE, count, needed, CAP_SET);
	missing = privilege__name_missing(held, needed, 2, text, size);
	cap_free(held);
	return missing;
}

Test(process_privilege, names_what_is_missing)
{
	char text[96];

	cr_expect_eq(missing_with(0, text, sizeof(text)), 2);
	cr_expect_str_eq(text, "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
	cr_expect_eq(missing_with(1, text, sizeof(text)), 1);
	cr_expect_str_eq(text, "CAP_DAC_READ_SEARCH");
	cr_expect_eq(missing_with(2, text, sizeof(text)), 0);
	cr_expect_str_eq(text, "");
}

Test(process_privilege, a_short_buffer_is_not_overrun)
{
	char text[12];

	cr_expect_eq(missing_with(0, text, sizeof(text)), 2);
	cr_expect_str_eq(text, "CAP_SYS_PTR");
}

Test(process_privilege, advice_names_the_capability_or_says_that_none_is_missing)
{
	char text[PRIVILEGE_ADVICE_SIZE];
	cap_t none = cap_init();

	if (geteuid() == 0) {
		privilege__advise_inspection(text);
		cr_expect(strstr(text, "a security module"), "%s", text);
		cr_expect(strlen(text) < sizeof(text) - 1);
	}
	cr_assert_eq(cap_set_proc(none), 0);
	cap_free(none);
	cr_expect_str_eq(privilege__advise_inspection(text),
			 "run as root or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
}
