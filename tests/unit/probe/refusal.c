// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/refusal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(probe_refusal, four_causes)
{
	cr_assert_eq(refusal_of(-EPERM, false, false), REFUSAL_PERMISSION);
	cr_assert_eq(refusal_of(-EPERM, true, false), REFUSAL_PERMISSION);
	cr_assert_eq(refusal_of(-EPERM, true, true), REFUSAL_MEMORY_LOCK);
	cr_assert_eq(refusal_of(-EPERM, false, true), REFUSAL_PERMISSION);
	cr_assert_eq(refusal_of(-ENOMEM, true, false), REFUSAL_MEMORY);
	cr_assert_eq(refusal_of(-ENOSYS, true, false), REFUSAL_ABSENT);
	/* The verifier reports an invalid access with EACCES. */
	cr_assert_eq(refusal_of(-EACCES, true, false), REFUSAL_VERIFIER);
	cr_assert_eq(refusal_of(-EINVAL, true, false), REFUSAL_VERIFIER);
	cr_assert_eq(refusal_of(-E2BIG, true, false), REFUSAL_VERIFIER);
}

/* Each cause has a sentence without the words of another. */
Test(probe_refusal, four_sentences)
{
	static const struct {
		int code;
		const char *has, *lacks;
	} rows[] = {
		{-ENOMEM, "not enough memory for the programs, which take about 3 MiB", "verifier"},
		{-EINVAL, "verifier rejects the programs", "memory"},
		{-EACCES, "verifier rejects the programs", "permission to"},
		{-ENOSYS, "the kernel does not have what the programs need", "verifier"},
	};
	struct error error;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_eq(refusal_explain(rows[i].code, "the programs", 3 << 20, &error),
			     rows[i].code);
		cr_expect(strstr(error.message, rows[i].has), "%s", error.message);
		cr_expect(!strstr(error.message, rows[i].lacks), "%s", error.message);
	}
}
