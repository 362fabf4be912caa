// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"

TestSuite(process_sharers, .init = set_up_directory, .fini = tear_down_directory, .timeout = 60);

Test(process_sharers, processes_of_the_same_file)
{
	char *path = directory__add_sleep(directory, unique_name());
	char *equal = directory__add_sleep(directory, "equal");
	struct child process = child__run(path), other = child__run(equal);
	struct process *target = find_one(BY_PID(process.pid));
	struct process_sharers sharers;
	char text[PROCESS_SHARERS_SIZE], expected[PROCESS_SHARERS_SIZE];

	/* An equal file is another file. */
	cr_assert_eq(process__find_sharers(target, &sharers), 0);
	cr_assert_eq(sharers.count, 0);
	cr_assert_str_eq(process_sharers__name(&sharers, text, sizeof(text)), "");

	struct child same = child__run(path);

	cr_assert_eq(process__find_sharers(target, &sharers), 0);
	cr_assert_eq(sharers.count, 1);
	cr_assert_eq(sharers.pids[0], same.pid);
	snprintf(expected, sizeof(expected), "process %d", (int)same.pid);
	cr_assert_str_eq(process_sharers__name(&sharers, text, sizeof(text)), expected);
	process__free(target);
	child__stop(&same);
	child__stop(&other);
	child__stop(&process);
	free(equal);
	free(path);
}

Test(process_sharers, the_longest_list_is_whole)
{
	struct process_sharers sharers = {.count = 4194304};
	char text[PROCESS_SHARERS_SIZE];

	for (size_t i = 0; i < PROCESS_SHARERS_NAMED; i++)
		sharers.pids[i] = 4194304;
	process_sharers__name(&sharers, text, sizeof(text));
	cr_assert(strstr(text, "process 4194304 and 4194296 more"), "%s", text);
}
