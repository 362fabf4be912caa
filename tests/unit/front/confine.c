// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "front/confine.h"

/* Runs `body` in a confined child and returns its exit status. */
static int status_in_front(int (*body)(void))
{
	static const struct config config = {0};
	int status = -1;
	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0) {
		/* For the lines about denials. */
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		if (sandbox__forbid_new_privileges(NULL) < 0)
			_exit(99);
		front_confine(&config);
		_exit(body());
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int open_files(void)
{
	if (!opens("/etc/hosts", O_RDONLY))
		return 1;
	if (opens("/etc/passwd", O_RDONLY) || errno != EACCES)
		return 2;
	if (opens("/proc/1/environ", O_RDONLY) || opens("/dev/tty", O_RDWR))
		return 3;
	if (opens("/tmp/scottyscope-test", O_WRONLY | O_CREAT) || opens("/etc/hosts", O_RDWR))
		return 4;
	return 0;
}

Test(front_confine, files)
{
	if (!has_landlock())
		cr_skip_test("this kernel does not offer Landlock");
	cr_expect_eq(status_in_front(open_files), 0);
}

static int signal_others(void)
{
	return kill(getppid(), 0) < 0 && errno == EPERM ? 0 : 1;
}

Test(front_confine, signals)
{
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 6)
		cr_skip_test("this kernel does not restrict signals");
	cr_expect_eq(status_in_front(signal_others), 0);
}

#define DENIED(call) ((call) < 0 && errno == ENOSYS)

static int make_calls(void)
{
	static char name[] = "true";
	char *const arguments[] = {name, NULL};
	int pair[2];

	if (!DENIED(ptrace(PTRACE_TRACEME, 0, NULL, NULL)))
		return 1;
	if (!DENIED(unshare(CLONE_NEWUSER)))
		return 2;
	if (!DENIED(execv("/bin/true", arguments)))
		return 3;
	if (!DENIED(socket(AF_PACKET, SOCK_RAW, 0)) || !DENIED(socket(AF_VSOCK, SOCK_STREAM, 0)))
		return 4;
	if (!DENIED(ioctl(STDIN_FILENO, TIOCSTI, "x")))
		return 5;
	if (!DENIED(syscall(SYS_bpf, 0, NULL, 0)) || !DENIED(syscall(SYS_perf_event_open, NULL)))
		return 6;
	if (!DENIED(syscall(SYS_io_uring_setup, 1, NULL)) ||
	    !DENIED(syscall(SYS_keyctl, 0, 0, 0, 0, 0)))
		return 7;
	if (!DENIED(syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, NULL, NULL, NULL, 0)))
		return 8;
	if (!DENIED(setsid()) || !DENIED(setuid(0)))
		return 9;
	if (!DENIED(syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0)))
		return 10;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 ? 0 : 11;
}

Test(front_confine, system_calls)
{
	cr_expect_eq(status_in_front(make_calls), 0);
}

/* The first denial of each call is one line, which names the call. */
static int denials_are_reported(void)
{
	char text[1024] = {0};
	int pipe_fds[2];
	ssize_t got;

	if (pipe(pipe_fds) < 0 || dup2(pipe_fds[1], STDERR_FILENO) < 0)
		return 1;
	for (int i = 0; i < 3; i++)
		syscall(SYS_keyctl, 0, 0, 0, 0, 0);
	setsid();
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	got = read(pipe_fds[0], text, sizeof(text) - 1);
	snprintf(text + 512, 256,
		 "scottyscope: warning: the system call %d is denied to the network process; "
		 "scmp_sys_resolver names the call\n",
		 SYS_keyctl);
	return got > 0 && strncmp(text, text + 512, strlen(text + 512)) == 0 &&
			       strstr(text + strlen(text + 512), "system call ") && got < 300
		       ? 0
		       : 2;
}

Test(front_confine, denials)
{
	cr_expect_eq(status_in_front(denials_are_reported), 0);
}
