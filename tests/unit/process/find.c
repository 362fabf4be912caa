// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "child.h"
#include "process/proc.h"

TestSuite(process_find, .init = set_up_directory, .fini = tear_down_directory, .timeout = 60);

Test(process_find, by_name)
{
	char *path = directory__add_sleep(directory, unique_name());
	uint64_t before_ns = clock_realtime_ns();
	struct child process = child__run(path);
	uint64_t after_ns = clock_realtime_ns();
	struct process *target = find_one(BY_NAME(unique_name()));
	char expected[64];

	cr_assert_eq(target->pid, process.pid);
	cr_assert_str_eq(target->executable_path, path);
	cr_assert_not(target->executable_deleted);
	assert_same_file(target->executable_fd, path);
	assert_same_file(target->executable_fd, target->attach_path);
	snprintf(expected, sizeof(expected), "/proc/%d/root", (int)process.pid);
	cr_assert_str_eq(target->root_path, expected);
	/* Ticks are 10 ms long. */
	cr_assert_geq(target->start_time_ns + 20 * NS_PER_MS, before_ns);
	cr_assert_leq(target->start_time_ns, after_ns + 20 * NS_PER_MS);
	cr_assert_eq(process__check(target), 0);
	process__free(target);
	child__stop(&process);
	free(path);
}

Test(process_find, by_pid)
{
	char *path = directory__add_sleep(directory, unique_name());
	struct child process = child__run(path);
	struct process *target = find_one(BY_PID(process.pid));

	cr_assert_eq(target->pid, process.pid);
	cr_assert_str_eq(target->executable_path, path);
	process__free(target);
	child__stop(&process);
	free(path);
}

Test(process_find, none)
{
	struct error error = find_none(BY_NAME("no-such-program-anywhere"));

	cr_assert_eq(error.code, -ESRCH);
	cr_assert(strstr(error.message, "no-such-program-anywhere"));
	cr_assert(strstr(error.message, "--pid"));
}

/* The name's beginning, which is all that the kernel keeps of it elsewhere, is not enough. */
Test(process_find, whole_name_counts)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-with-a-long-name", unique_name());

	char *path = directory__add_sleep(directory, name);
	struct child process = child__run(path);
	struct process *target = find_one(BY_NAME(name));

	cr_assert_eq(target->pid, process.pid);
	process__free(target);
	cr_assert_eq(find_none(BY_NAME(unique_name())).code, -ESRCH);
	child__stop(&process);
	free(path);
}

static const char *own_name(void)
{
	static char name[OWNER_NAME_SIZE];

	return process_owner__name(geteuid(), name);
}

Test(process_find, two_are_ambiguous)
{
	char *path = directory__add_sleep(directory, unique_name());
	struct child first = child__run(path);
	struct child second = child__run(path);
	struct error error = find_none(BY_NAME(unique_name()));
	char part[256];

	cr_assert_eq(error.code, -EEXIST);
	cr_assert(strstr(error.message, "2 processes"));
	snprintf(part, sizeof(part), "%d %s (no port, user %s, file of %s)", (int)first.pid, path,
		 own_name(), own_name());
	cr_assert(strstr(error.message, part), "%s", error.message);
	snprintf(part, sizeof(part), "%d %s (no port, user %s, file of %s)", (int)second.pid, path,
		 own_name(), own_name());
	cr_assert(strstr(error.message, part), "%s", error.message);
	cr_assert(strstr(error.message, "--pid"));
	child__stop(&first);

	struct process *target = find_one(BY_NAME(unique_name()));

	cr_assert_eq(target->pid, second.pid);
	process__free(target);
	child__stop(&second);
	free(path);
}

Test(process_find, lists_no_more_than_eight)
{
	enum {
		COUNT = 10
	};
	char *path = directory__add_sleep(directory, unique_name());
	struct child processes[COUNT];
	size_t listed = 0;

	for (int i = 0; i < COUNT; i++)
		processes[i] = child__run(path);

	struct error error = find_none(BY_NAME(unique_name()));

	cr_assert(strstr(error.message, "10 processes"));
	for (const char *at = error.message; (at = strstr(at, "(no port")); at++)
		listed++;
	cr_assert_eq(listed, 8, "%s", error.message);
	for (int i = 0; i < COUNT; i++)
		child__stop(&processes[i]);
	free(path);
}

Test(process_find, deleted)
{
	char *path = directory__add_sleep(directory, unique_name());
	struct child process = child__run(path);
	struct stat status;

	cr_assert_eq(unlink(path), 0);

	struct process *target = find_one(BY_NAME(unique_name()));

	cr_assert_eq(target->pid, process.pid);
	cr_assert(target->executable_deleted);
	cr_assert_str_eq(target->executable_path, path);
	cr_assert_eq(fstat(target->executable_fd, &status), 0);
	cr_assert_gt(status.st_size, 0);
	assert_same_file(target->executable_fd, target->attach_path);
	cr_assert_eq(process__check(target), 0);
	process__free(target);
	child__stop(&process);
	free(path);
}

/* An upgrade replaces the file under a running server. */
Test(process_find, replaced)
{
	char *path = directory__add_sleep(directory, unique_name());
	char *new_path = directory__add_sleep(directory, "new");
	struct child process = child__run(path);
	struct stat running, named;

	cr_assert_eq(rename(new_path, path), 0);

	struct process *target = find_one(BY_NAME(unique_name()));

	cr_assert_eq(target->pid, process.pid);
	cr_assert(target->executable_deleted);
	cr_assert_eq(fstat(target->executable_fd, &running), 0);
	cr_assert_eq(stat(path, &named), 0);
	cr_assert_neq(running.st_ino, named.st_ino);
	process__free(target);
	child__stop(&process);
	free(path);
	free(new_path);
}

Test(process_find, hostile_names)
{
	static const char *const names[] = {
		"ends (deleted)", ") S 1 (", "line\nbreak", "\033[31mred", "((((", " ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s %s", unique_name(), names[i]);

		char *path = directory__add_sleep(directory, name);
		struct child process = child__run(path);
		struct process *target = find_one(BY_NAME(name));

		cr_assert_eq(target->pid, process.pid);
		cr_assert_str_eq(target->executable_path, path);
		cr_assert_not(target->executable_deleted);
		cr_assert_eq(process__check(target), 0);
		process__free(target);

		struct child twin = child__run(path);
		struct error error = find_none(BY_NAME(name));

		cr_assert_eq(error.code, -EEXIST);
		cr_assert_null(strchr(error.message, '\033'));
		child__stop(&twin);
		child__stop(&process);
		free(path);
	}
}
