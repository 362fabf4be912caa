// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLEEP	  "/bin/sleep"
#define PROCESSES 32

/* Of those not stopped yet; a test that fails leaves some. */
static int pid_fds[PROCESSES];
static size_t pid_fd_count;

void child__tell(struct child *process)
{
	if (write(process->event_fd, "t", 1) != 1)
		_exit(90);
}

void child__await_command(struct child *process)
{
	char byte;

	/* An end of file means that the test is gone. */
	if (read(process->command_fd, &byte, 1) != 1)
		_exit(91);
}

void child__command(struct child *process)
{
	cr_assert_eq(write(process->command_fd, "c", 1), 1);
}

/* The grandchild: it has no parent that is the test's, and holds nothing that others wait for. */
static void run_orphan(struct child *process, child_main run)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		dup2(nowhere, fd);
	process->pid = getpid();
	process->shared->pid = getpid();
	signal(SIGPIPE, SIG_IGN);
	run(process);
	for (;;)
		child__await_command(process);
}

struct child child__start(child_main run)
{
	struct child process = {};
	int commands[2], events[2];
	char byte;

	process.shared = mmap(NULL, sizeof(*process.shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(process.shared, MAP_FAILED);
	cr_assert_eq(pipe2(commands, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(events, O_CLOEXEC), 0);

	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0) {
		if (fork() != 0)
			_exit(0);
		close(commands[1]);
		close(events[0]);
		process.command_fd = commands[0];
		process.event_fd = events[1];
		run_orphan(&process, run);
	}
	close(commands[0]);
	close(events[1]);
	process.command_fd = commands[1];
	process.event_fd = events[0];
	cr_assert_eq(waitpid(child, NULL, 0), child);
	cr_assert_geq(read(process.event_fd, &byte, 1), 0);
	process.pid = process.shared->pid;
	cr_assert_gt(process.pid, 0);
	process.pid_fd = (int)syscall(SYS_pidfd_open, process.pid, 0);
	cr_assert_lt(pid_fd_count, PROCESSES);
	pid_fds[pid_fd_count++] = process.pid_fd;
	return process;
}

void child__await_silence(struct child *process)
{
	char byte;

	while (read(process->event_fd, &byte, 1) == 1)
		;
}

void child__stop(struct child *process)
{
	struct pollfd ended = {.fd = process->pid_fd, .events = POLLIN};

	cr_assert_geq(process->pid_fd, 0, "process %d was not there", (int)process->pid);
	kill(process->pid, SIGKILL);
	cr_assert_eq(poll(&ended, 1, 10000), 1);
	for (size_t i = 0; i < pid_fd_count; i++) {
		if (pid_fds[i] == process->pid_fd)
			pid_fds[i--] = pid_fds[--pid_fd_count];
	}
	close(process->pid_fd);
	close(process->command_fd);
	close(process->event_fd);
	munmap(process->shared, sizeof(*process->shared));
}

void child__stop_all(void)
{
	while (pid_fd_count > 0)
		syscall(SYS_pidfd_send_signal, pid_fds[--pid_fd_count], SIGKILL, NULL, 0);
}

static const char *path_to_run;

static void run_sleep(struct child *process)
{
	(void)process;
	execl(path_to_run, path_to_run, "300", NULL);
}

struct child child__run(const char *path)
{
	path_to_run = path;

	struct child process = child__start(run_sleep);

	/* It has not told: the pipe's other end was closed by execve(). */
	child__await_silence(&process);
	return process;
}

char *directory__new(void)
{
	char *path = strdup("/tmp/scottyscope-target-XXXXXX");

	cr_assert_not_null(mkdtemp(path));
	return path;
}

char *directory__add(const char *parent, const char *source, const char *name)
{
	char *path = NULL;
	struct stat status;
	off_t offset = 0;
	int from = open(source, O_RDONLY | O_CLOEXEC);

	cr_assert_geq(from, 0);
	cr_assert_eq(fstat(from, &status), 0);
	cr_assert_gt(asprintf(&path, "%s/%s", parent, name), 0);

	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	cr_assert_geq(to, 0);
	while (offset < status.st_size)
		cr_assert_gt(sendfile(to, from, &offset, (size_t)(status.st_size - offset)), 0);
	close(from);
	close(to);
	return path;
}

char *directory__add_sleep(const char *parent, const char *name)
{
	return directory__add(parent, SLEEP, name);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

void directory__remove(char *path)
{
	cr_assert_eq(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), 0);
	free(path);
}

struct process *find_one(const struct process_selection *selection)
{
	struct process *target = NULL;
	struct error error = {};
	int r = process__find(selection, &target, &error);

	cr_assert_eq(r, 0, "not found: %d %s", r, error.message);
	cr_assert_not_null(target);
	return target;
}

struct error find_none(const struct process_selection *selection)
{
	struct process *target = NULL;
	struct error error = {};
	int r = process__find(selection, &target, &error);

	cr_assert_lt(r, 0, "found process %d", r == 0 ? (int)target->pid : 0);
	cr_assert_eq(error.code, r);
	cr_assert_null(target);
	cr_assert_null(strchr(error.message, '\n'));
	return error;
}

int find_as_nobody(const struct process_selection *selection)
{
	int status;
	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0) {
		struct process *target = NULL;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(95);
		_exit(-process__find(selection, &target, NULL));
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

void assert_same_file(int fd, const char *path)
{
	struct stat open_file, named;

	cr_assert_eq(fstat(fd, &open_file), 0);
	cr_assert_eq(stat(path, &named), 0);
	cr_assert_eq(open_file.st_ino, named.st_ino);
	cr_assert_eq(open_file.st_dev, named.st_dev);
}

const char *unique_name(void)
{
	static char name[32];

	snprintf(name, sizeof(name), "sst-%d", (int)getpid());
	return name;
}

char *directory;

void set_up_directory(void)
{
	directory = directory__new();
}

void tear_down_directory(void)
{
	child__stop_all();
	directory__remove(directory);
}
