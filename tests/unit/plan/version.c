// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/version.h"

#include "base/array.h"
#include "program.h"

#define LOGO "_ZN11scotty_core4logo10print_logo" HASH

/* What an executable with these lines in its greeting says of its version; free() it. */
static char *version_of(const char *lines)
{
	char text[1024], *version = NULL;

	snprintf(
		text, sizeof(text),
		FUNCTION(LOGO,
			 "%s\nret") ".section .rodata\n"
				    "logo: .ascii \"####\"\nversion: .ascii \"0.3.3more\"\n.text\n",
		lines);

	struct program program = program_of(text);

	cr_assert_eq(plan_find_version(program.image, program.symbols, &version), 0);
	program_done(&program);
	return version;
}

Test(plan_version, is_the_greetings_first_that_is_one)
{
	char *version = version_of("lea logo(%rip), %rax\nmovq $4, 8(%rsp)\n"
				   "lea version(%rip), %rax\nmov %rax, 16(%rsp)\n"
				   "movq $5, 24(%rsp)");

	cr_assert_not_null(version);
	cr_expect_str_eq(version, "0.3.3");
	free(version);
}

Test(plan_version, is_not_told_by_a_greeting_without_one)
{
	cr_expect_null(version_of("lea logo(%rip), %rax\nmovq $4, 8(%rsp)"));
	cr_expect_null(version_of("lea version(%rip), %rax\nmovq $7, 8(%rsp)"));
	cr_expect_null(version_of("nop"));
}

Test(plan_version, semantic_versions)
{
	static const char *const versions[] = {"0.3.3",	     "1.0.0",	      "10.20.30",
					       "1.0.0-rc.1", "1.0.0+build.5", "1.0.0-a-b"};

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		cr_expect(version__is_semantic(versions[i], strlen(versions[i])), "%s",
			  versions[i]);
}

Test(plan_version, what_is_none)
{
	static const char *const others[] = {"",	"0",	  "0.3",     "0.3.",	   ".3.3",
					     "0.3.3.4", "0.3.3 ", "v0.3.3",  "01.2.3",	   "0.3.x",
					     "0.3.3-",	"0.3.3+", "0.3.3-ä", "0.3.3\x1b[0"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		cr_expect_not(version__is_semantic(others[i], strlen(others[i])), "%s", others[i]);
}

Test(plan_version, only_the_given_length_counts)
{
	cr_expect(version__is_semantic("0.3.3and more", 5));
	cr_expect_not(version__is_semantic("0.3.3and more", 6));
	cr_expect_not(version__is_semantic("0.3.3", 4));
}
