// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "child.h"
#include "process/proc.h"

TestSuite(process_identity, .init = set_up_directory, .fini = tear_down_directory, .timeout = 60);

/* A thread may call itself what it likes. */
static void rename_itself(struct child *process)
{
	prctl(PR_SET_NAME, "x) Z 0 (\n 1 2 3");
	process->shared->parent = getppid();
	child__tell(process);
}

Test(process_identity, hostile_thread_name)
{
	uint64_t before_ns = clock_realtime_ns();
	struct child process = child__start(rename_itself);
	uint64_t after_ns = clock_realtime_ns();
	struct proc_stat stat = {};
	struct process *target = find_one(BY_PID(process.pid));

	cr_assert_geq(target->start_time_ns + 20 * NS_PER_MS, before_ns);
	cr_assert_leq(target->start_time_ns, after_ns + 20 * NS_PER_MS);
	cr_assert_eq(proc__stat(process.pid, &stat), 0);
	cr_assert_str_eq(stat.command, "x) Z 0 (\n 1 2 3");
	cr_assert_neq(stat.state, 'Z');
	cr_assert_not(stat.is_kernel_thread);
	cr_assert_neq(stat.parent, 0);
	cr_assert_eq(stat.start_ticks, target->start_ticks);
	process__free(target);
	child__stop(&process);
}

static void *tell_thread_id(void *context)
{
	struct child *process = context;

	process->shared->tid = gettid();
	child__tell(process);
	pause();
	return NULL;
}

static void start_thread(struct child *process)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, tell_thread_id, process) != 0)
		_exit(92);
}

Test(process_identity, pid_of_a_thread)
{
	struct child process = child__start(start_thread);
	struct error error = find_none(BY_PID(process.shared->tid));
	char part[64];

	cr_assert_neq(process.shared->tid, process.pid);
	cr_assert_eq(error.code, -ESRCH);
	snprintf(part, sizeof(part), "thread of process %d", (int)process.pid);
	cr_assert(strstr(error.message, part), "%s", error.message);
	child__stop(&process);
}

Test(process_identity, itself)
{
	struct error error = find_none(BY_PID(getpid()));

	cr_assert_eq(error.code, -ESRCH);
	cr_assert(strstr(error.message, "scottyscope"));
}

Test(process_identity, kernel_thread)
{
	struct proc_stat stat;

	if (proc__stat(2, &stat) < 0 || strcmp(stat.command, "kthreadd") != 0)
		cr_skip("the kernel's threads are not visible here");

	struct error error = find_none(BY_PID(2));

	cr_assert_eq(error.code, -ESRCH);
	cr_assert(strstr(error.message, "kernel thread"));
}

Test(process_identity, ended)
{
	pid_t child = fork();
	siginfo_t info;

	if (child == 0)
		_exit(0);
	/* It stays a zombie until it is waited for. */
	cr_assert_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);

	struct error error = find_none(BY_PID(child));

	cr_assert_eq(error.code, -ESRCH);
	cr_assert(strstr(error.message, "ended"), "%s", error.message);
	cr_assert_eq(waitpid(child, NULL, 0), child);
	error = find_none(BY_PID(child));
	cr_assert_eq(error.code, -ESRCH);
	cr_assert(strstr(error.message, "no process"), "%s", error.message);
}

/* Descendants of the tool are its front and the like, not servers. */
Test(process_identity, own_children_do_not_count)
{
	char *path = directory__add_sleep(directory, unique_name());
	int ends[2];
	char byte;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);

	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(path, path, "300", NULL);
		_exit(93);
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], &byte, 1), 0); /* it has executed the program */
	close(ends[0]);
	cr_assert_eq(find_none(BY_NAME(unique_name())).code, -ESRCH);

	/* To name one is another matter. */
	struct process *target = find_one(BY_PID(child));

	cr_assert_str_eq(target->executable_path, path);
	process__free(target);
	kill(child, SIGKILL);
	cr_assert_eq(waitpid(child, NULL, 0), child);
	free(path);
}

Test(process_identity, check_sees_the_end)
{
	char *path = directory__add_sleep(directory, unique_name());
	struct child process = child__run(path);
	struct process *target = find_one(BY_PID(process.pid));
	struct pollfd ended = {.fd = target->pid_fd, .events = POLLIN};

	cr_assert_eq(poll(&ended, 1, 0), 0);
	child__stop(&process);
	cr_assert_eq(poll(&ended, 1, 10000), 1);
	cr_assert_eq(process__check(target), -ESRCH);
	process__free(target);
	free(path);
}

static char *next_program;

static void run_next_on_command(struct child *process)
{
	child__tell(process);
	child__await_command(process);
	execl(next_program, next_program, "300", NULL);
}

Test(process_identity, check_sees_another_program)
{
	next_program = directory__add_sleep(directory, unique_name());

	struct child process = child__start(run_next_on_command);
	struct process *target = find_one(BY_PID(process.pid));

	cr_assert_eq(process__check(target), 0);
	child__command(&process);
	child__await_silence(&process);
	cr_assert_eq(process__check(target), -ESTALE);
	process__free(target);

	target = find_one(BY_PID(process.pid));
	cr_assert_str_eq(target->executable_path, next_program);
	process__free(target);
	child__stop(&process);
	free(next_program);
}

static char *shell, *command_file;

/* A shell that executes its own file once the command's file exists. */
static void run_shell(struct child *process)
{
	(void)process;
	execl(shell, shell, "-c",
	      "until [ -e \"$1\" ]; do sleep 0.01; done; exec \"$0\" -c 'sleep 300; :'", shell,
	      command_file, NULL);
}

Test(process_identity, check_sees_the_same_file_again)
{
	shell = directory__add(directory, "/bin/sh", unique_name());
	cr_assert_gt(asprintf(&command_file, "%s/command", directory), 0);

	struct child process = child__start(run_shell);
	struct process *target = find_one(BY_PID(process.pid));
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)process.pid);
	assert_same_file(target->executable_fd, path);
	cr_assert_eq(process__check(target), 0);
	cr_assert_eq(close(open(command_file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	while (process__check(target) == 0)
		usleep(10000);
	cr_assert_eq(process__check(target), -ESTALE);
	assert_same_file(target->executable_fd, path);
	process__free(target);
	child__stop(&process);
	free(command_file);
	free(shell);
}

/* Forks a process with this id, which executes the program; waits for that. Returns a negative errno. */
static int fork_with_id(pid_t pid, const char *path)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};
	int ends[2];
	char byte;
	long r;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	r = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (r == 0) {
		execl(path, path, "300", NULL);
		_exit(93);
	}
	r = r < 0 ? -errno : 0;
	close(ends[1]);
	cr_assert_eq(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	return (int)r;
}

Test(process_identity, check_sees_a_reused_id)
{
	char *path = directory__add_sleep(directory, unique_name());
	struct child process = child__run(path);
	struct process *target = find_one(BY_PID(process.pid));
	pid_t pid = process.pid;
	int r;

	child__stop(&process);
	while ((r = fork_with_id(pid, path)) == -EEXIST)
		usleep(1000);
	if (r < 0)
		cr_skip("an id cannot be chosen here: %s", strerror(-r));
	/* The same id and the same file. */
	assert_same_file(target->executable_fd, path);
	cr_assert_eq(kill(pid, 0), 0);
	cr_assert_eq(process__check(target), -ESRCH);
	process__free(target);
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	free(path);
}
