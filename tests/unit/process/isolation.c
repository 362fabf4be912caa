// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

TestSuite(process_isolation, .init = set_up_directory, .fini = tear_down_directory, .timeout = 60);

static char *next_program;

/* A program that only exists in the process's own mount namespace, as one in a container. */
static void run_in_own_mounts(struct child *process)
{
	struct shared *shared = process->shared;
	char path[128];
	int source = open("/bin/sleep", O_RDONLY | O_CLOEXEC);
	char buffer[65536];
	ssize_t count;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", directory, "tmpfs", 0, NULL) < 0) {
		child__tell(process);
		return;
	}
	shared->was_permitted = true;
	snprintf(path, sizeof(path), "%s/%s", directory, next_program);

	int copy = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	while ((count = read(source, buffer, sizeof(buffer))) > 0) {
		if (write(copy, buffer, (size_t)count) != count)
			_exit(94);
	}
	close(copy);
	execl(path, path, "300", NULL);
}

Test(process_isolation, in_another_mount_namespace)
{
	char path[128];
	struct stat status;

	next_program = strdup(unique_name());

	struct child process = child__start(run_in_own_mounts);

	if (!process.shared->was_permitted) {
		child__stop(&process);
		cr_skip("a mount namespace is not permitted");
	}

	struct process *target = find_one(BY_NAME(next_program));

	snprintf(path, sizeof(path), "%s/%s", directory, next_program);
	cr_assert_eq(target->pid, process.pid);
	cr_assert_str_eq(target->executable_path, path);
	cr_assert_not(target->executable_deleted);
	cr_assert_lt(stat(path, &status), 0, "the test itself sees the program");
	cr_assert_eq(fstat(target->executable_fd, &status), 0);
	cr_assert_gt(status.st_size, 0);
	snprintf(path, sizeof(path), "%s%s/%s", target->root_path, directory, next_program);
	assert_same_file(target->executable_fd, path);
	process__free(target);
	child__stop(&process);
	free(next_program);
}

Test(process_isolation, not_permitted)
{
	char *path = directory__add_sleep(directory, unique_name());

	if (geteuid() != 0)
		cr_skip("only root has processes that others may not look at");

	struct child process = child__run(path);

	cr_assert_eq(find_as_nobody(BY_PID(process.pid)), -EACCES);
	cr_assert_eq(find_as_nobody(BY_NAME(unique_name())), -EACCES);
	cr_assert_eq(find_as_nobody(BY_NAME("no-such-program")), -ESRCH);
	child__stop(&process);
	free(path);
}

/* The first process of a namespace: starts a server and has a sibling of it look for it. */
static int start_and_find(const char *path)
{
	struct process *target = NULL;
	int ends[2];
	int status;
	char byte;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0)
		return EPERM;
	if (process__find(&(struct process_selection){}, &target, NULL) != -ESRCH)
		return 101;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return 102;

	pid_t server = fork();

	if (server == 0) {
		execl(path, path, "300", NULL);
		_exit(103);
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 0)
		return 104;

	pid_t finder = fork();

	if (finder == 0) {
		if (process__find(&(struct process_selection){}, &target, NULL) < 0)
			_exit(105);
		_exit(target->pid == server ? 0 : 106);
	}
	if (waitpid(finder, &status, 0) != finder || !WIFEXITED(status))
		return 107;
	return WEXITSTATUS(status);
}

/* In a process namespace of its own, so that no other "scotty" of this machine is seen. */
Test(process_isolation, default_is_scotty)
{
	char *path = directory__add_sleep(directory, "scotty");
	int status;
	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
			_exit(EPERM);

		pid_t first = fork();

		if (first == 0)
			_exit(start_and_find(path));
		if (waitpid(first, &status, 0) != first || !WIFEXITED(status))
			_exit(108);
		_exit(WEXITSTATUS(status));
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	free(path);
	if (WEXITSTATUS(status) == EPERM)
		cr_skip("a process namespace is not permitted");
	cr_assert_eq(WEXITSTATUS(status), 0, "gave %d", WEXITSTATUS(status));
}
