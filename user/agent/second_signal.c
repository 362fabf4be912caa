// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/second_signal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "config/exit_status.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

/* Ends when `parent` has ended. Only system calls: a signal handler of the parent forked. */
static _Noreturn void keep_descriptors(pid_t parent)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	/* A reader of the parent's output must not wait for this process. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	while (getppid() == parent)
		nanosleep(&pause, NULL);
	_exit(EXIT_STATUS_DONE);
}

static void end_at_once(int signal)
{
	static const char text[] = "scottyscope: error: a signal while ending: ends at once; what "
				   "was not exported yet is "
				   "lost, and the kernel detaches the probes\n";
	pid_t self = getpid();
	ssize_t written;

	(void)signal;
	/* fork() of glibc is not safe in a signal handler. */
	if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) == 0)
		keep_descriptors(self);
	written = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)written;
	_exit(EXIT_STATUS_FAILED);
}

int second_signal__end_at_once(struct error *error)
{
	struct sigaction action = {.sa_handler = end_at_once};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (sigaction(signals[i], &action, NULL) < 0)
			return error_set(error, -errno, "cannot handle signals: %m");
		sigaddset(&set, signals[i]);
	}
	/* The event loop had blocked these signals. */
	if (sigprocmask(SIG_UNBLOCK, &set, NULL) < 0)
		return error_set(error, -errno, "cannot unblock signals: %m");
	return 0;
}
