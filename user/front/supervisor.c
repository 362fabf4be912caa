// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "front/confine.h"
#include "front/settings.h"

/* The descriptors of a supervisor, from standard error on without a gap. */
enum {
	CONTROL_FD = 3,
	SETTINGS_FD = 4,
	PROGRAM_FD = 5,
};

/* The agent alone handles signals, and ends this process by the control socket. */
static void ignore_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2};
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_front(const struct config *config, front_entry entry, int control_fd,
				int socket_fd, pid_t parent)
{
	struct error error = {0};

	close(control_fd);
	prctl(PR_SET_NAME, "scottyscope-web", 0, 0, 0);
	if (sandbox__die_with_parent(parent, &error) < 0)
		_exit(EXIT_FAILURE);
	_exit(entry(config, socket_fd));
}

/* Kills the front `pid` and waits for its end, so that the process id cannot be reused before. */
static void end_front(pid_t pid)
{
	int status = 0;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_error("the network process made a system call that is denied to it, and was "
			  "killed; the kernel's log has the number of the call");
	else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		log_error("the network process was killed by signal %d", WTERMSIG(status));
}

static int send_reply(int control_fd, const struct error *error, pid_t front)
{
	struct supervisor_reply reply = {.code = error->code, .pid = front};

	snprintf(reply.message, sizeof(reply.message), "%.*s", (int)sizeof(reply.message) - 1,
		 error->message);
	return send(control_fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Calls async-signal-safe functions only: the agent may have threads. */
_Noreturn void supervisor__execute(const struct supervisor_start *start)
{
	const struct self_program *program = &start->program;
	const int fds[] = {program->null_fd,   program->null_fd,
			   start->log_fd,      start->control_fd,
			   start->settings_fd, start->program_fd > 0 ? start->program_fd : -1};
	struct supervisor_reply reply = {0};
	int r;

	reply.code = self_program__execute(program, SUPERVISOR_NAME, fds, ARRAY_SIZE(fds));
	stpcpy(stpcpy(reply.message,
		      "cannot execute this program as the supervisor of the front: "),
	       strerrordesc_np(-reply.code));
	r = (int)send(start->control_fd, &reply, sizeof(reply), MSG_NOSIGNAL);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

bool supervisor__is_requested(char *const argv[])
{
	return self_program__is_executed_as(SUPERVISOR_NAME, CONTROL_FD, SOCK_SEQPACKET, argv);
}

/* Reads the settings and drops all privileges. */
static int enter_sandbox(struct front_settings *settings, struct error *error)
{
	struct config_otlp *otlp = &settings->config.otlp;
	int r = front_settings__load(SETTINGS_FD, settings, error);

	if (r < 0)
		return r;
	otlp->program_fd = otlp->program_fd ? PROGRAM_FD : 0;
	/* A descriptor that the program keeps open over execve() is not for scottyscope-otlp. */
	if (otlp->program_fd)
		fcntl(otlp->program_fd, F_SETFD, FD_CLOEXEC);
	fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
	log_set_level(settings->config.log_level);
	r = sandbox__enter(CONTROL_FD, otlp->program_fd, &settings->user, error);
	if (r < 0)
		return r;
	r = sandbox__die_with_parent(settings->agent, error);
	if (r < 0)
		return r;
	front_confine(&settings->config);
	return 0;
}

/* Replaces the front `*front` by a new one. */
static int replace_front(const struct front_settings *settings, front_entry entry, int socket_fd,
			 pid_t *front, struct error *error)
{
	const pid_t self = getpid();

	if (*front > 0)
		end_front(*front);
	*front = fork();
	if (*front == 0)
		run_front(&settings->config, entry, CONTROL_FD, socket_fd, self);
	return *front < 0 ? error_set(error, -errno, "cannot fork the front process: %m") : 0;
}

_Noreturn void supervisor__run(front_entry entry)
{
	struct front_settings settings = {0};
	struct error error = {0};
	pid_t front = 0;

	ignore_signals();
	prctl(PR_SET_NAME, SUPERVISOR_NAME, 0, 0, 0);
	enter_sandbox(&settings, &error);
	for (int fd; (fd = descriptor__receive(CONTROL_FD)) >= 0; close(fd)) {
		struct error reply = error;

		if (error.code == 0)
			replace_front(&settings, entry, fd, &front, &reply);
		if (send_reply(CONTROL_FD, &reply, front) < 0)
			break;
	}
	/* The kernel kills the front when this process ends. */
	_exit(EXIT_SUCCESS);
}

static int has_ended(struct error *error)
{
	return error_set(error, -EPIPE, "the supervisor of the front has ended");
}

int supervisor__request_front(int control_fd, int socket_fd, struct error *error)
{
	return descriptor__send(control_fd, socket_fd) < 0 ? has_ended(error) : 0;
}

int supervisor__receive_reply(int control_fd, pid_t *ret_pid, struct error *error)
{
	struct supervisor_reply reply = {0};
	ssize_t got = recv(control_fd, &reply, sizeof(reply), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got != sizeof(reply))
		return has_ended(error);
	reply.message[sizeof(reply.message) - 1] = '\0';
	if (reply.code < 0)
		return error_set(error, reply.code, "%s", reply.message);
	*ret_pid = reply.pid;
	return 1;
}
