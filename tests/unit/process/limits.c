// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/array.h"
#include "process/internal.h"

#define HEAD "Limit                     Soft Limit           Hard Limit           Units     \n"

Test(process_limits, soft_limit_of_open_files)
{
	static const struct {
		const char *text;
		uint64_t limit;
	} cases[] = {
		{HEAD
		 "Max processes             99                   99                   processes \n"
		 "Max open files            1024                 1048576              files     \n"
		 "Max locked memory         8388608              8388608              bytes     \n",
		 1024},
		{HEAD
		 "Max open files            unlimited            unlimited            files     \n",
		 UINT64_MAX},
		{HEAD "Max open files            7", 0},
		{HEAD "Max open files            \n", 0},
		{HEAD, 0},
		{"", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(process__parse_file_limit(cases[i].text), cases[i].limit, "%zu", i);
}

Test(process_limits, of_a_process)
{
	const struct process self = {.pid = getpid()};
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_cur < 100 ? limit.rlim_cur : 100;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_expect_eq(process__file_limit(&self), limit.rlim_cur);
}
