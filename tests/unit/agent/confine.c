// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/confine.h"
#include "base/capabilities.h"

/* Runs `body` in a child that is confined as the agent, and returns its exit status. */
static int status_in_agent(int (*body)(void))
{
	int status = -1;
	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0) {
		/* For the lines about denials. */
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		if (agent_confine__begin(NULL) < 0 || agent_confine__finish(false, NULL) < 0)
			_exit(99);
		_exit(body());
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

#define DENIED(call) ((call) < 0 && errno == ENOSYS)

static int make_calls(void)
{
	static char name[] = "true";
	char *const arguments[] = {name, NULL};
	char byte = 0;
	struct iovec part = {&byte, 1};

	if (!DENIED(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)))
		return 1;
	if (!DENIED(process_vm_writev(getpid(), &part, 1, &part, 1, 0)))
		return 2;
	/* The memory of a process, too, is written by a file. */
	if (!DENIED(open("/proc/self/mem", O_RDWR)) || !DENIED(open("/dev/null", O_WRONLY)) ||
	    !DENIED(open("/nowhere/file", O_RDONLY | O_CREAT, 0600)))
		return 3;
	/* Opened for reading, and truncated. */
	if (!DENIED(open("/nowhere/file", O_RDONLY | O_TRUNC)) ||
	    !DENIED(utimensat(AT_FDCWD, "/nowhere/file", NULL, 0)))
		return 8;
	if (!DENIED(execv("/bin/true", arguments)))
		return 4;
	if (!DENIED(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL)) ||
	    !DENIED(syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL)) ||
	    !DENIED(syscall(SYS_clone3, NULL, 0)))
		return 9;
	if (!DENIED(unshare(CLONE_NEWNS)) || !DENIED(mount("a", "/nowhere", "none", 0, NULL)))
		return 5;
	if (!DENIED(unlink("/nowhere/file")) || !DENIED(chmod("/nowhere/file", 0600)))
		return 6;
	if (!DENIED(syscall(SYS_finit_module, -1, "", 0)) || !DENIED(syscall(SYS_reboot, 0, 0, 0)))
		return 7;
	return 0;
}

Test(agent_confine, system_calls)
{
	cr_expect_eq(status_in_agent(make_calls), 0);
}

static void *end_thread(void *context)
{
	return context;
}

static int read_and_execute(void)
{
	static char name[] = "true";
	char *const arguments[] = {name, NULL};
	char byte = 0, copy = 1;
	struct iovec local = {&copy, 1}, remote = {&byte, 1};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	pthread_t thread;
	pid_t child;

	if (fd < 0)
		return 1;
	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 1 || copy != 0)
		return 2;
	/* Links are detached by threads; a new supervisor is forked. */
	if (pthread_create(&thread, NULL, end_thread, NULL) != 0 || pthread_join(thread, NULL) != 0)
		return 4;
	child = fork();
	if (child == 0)
		_exit(0);
	if (child < 0 || waitpid(child, NULL, 0) != child)
		return 5;
	/* A new supervisor is a program of an open file. */
	fd = open("/bin/true", O_PATH | O_CLOEXEC);
	fexecve(fd, arguments, environ);
	return 3;
}

Test(agent_confine, what_the_agent_needs)
{
	cr_expect_eq(status_in_agent(read_and_execute), 0);
}

static int count_capabilities(void)
{
	static const cap_value_t used[] = {CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE,
					   CAP_DAC_READ_SEARCH};
	cap_t held = cap_get_proc();
	int effective = 0;

	for (cap_value_t i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		effective += capabilities__has(i);
	for (size_t i = 0; i < 4 && geteuid() == 0; i++) {
		if (!capabilities__has(used[i]))
			return 1;
	}
	cap_free(held);
	return effective <= 4 ? 0 : 2;
}

Test(agent_confine, capabilities)
{
	cr_expect_eq(status_in_agent(count_capabilities), 0);
}
