// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/sandbox.h"

#define REPLY_TIMEOUT_MS 5000

/* The control data of a message with one descriptor, aligned. */
union descriptor_data {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* Signals of the terminal reach the whole process group; only the agent handles them. */
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

/* Returns the descriptor of the next request, or -EPIPE when the agent has ended. */
static int receive_descriptor(int control_fd)
{
	char byte;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	union descriptor_data data;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &data,
		.msg_controllen = sizeof(data),
	};
	ssize_t got;
	int fd;

	do {
		got = recvmsg(control_fd, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);

	const struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EPIPE;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
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
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

_Noreturn void supervisor__run(const struct config *config, front_entry entry, int control_fd,
			       pid_t parent)
{
	const pid_t self = getpid();
	struct error sandboxed = {0};
	pid_t front = 0;

	ignore_signals();
	prctl(PR_SET_NAME, "scottyscope-sup", 0, 0, 0);
	if (sandbox__enter(control_fd, config->otlp.program_fd, &sandboxed) == 0)
		sandbox__die_with_parent(parent, &sandboxed);

	for (int fd; (fd = receive_descriptor(control_fd)) >= 0; close(fd)) {
		struct supervisor_reply reply = {0};
		struct error error = sandboxed;

		if (front > 0)
			end_front(front);
		front = 0;
		if (sandboxed.code == 0) {
			front = fork();
			if (front == 0)
				run_front(config, entry, control_fd, fd, self);
			if (front < 0)
				error_set(&error, -errno, "cannot fork the front process: %m");
		}
		reply.code = error.code;
		reply.pid = front;
		snprintf(reply.message, sizeof(reply.message), "%.*s",
			 (int)sizeof(reply.message) - 1, error.message);
		if (send(control_fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
			break;
	}
	/* The kernel kills the front when this process ends. */
	_exit(EXIT_SUCCESS);
}

static int send_descriptor(int control_fd, int fd)
{
	char byte = 0;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	union descriptor_data data = {.bytes = {0}};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &data,
		.msg_controllen = sizeof(data),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(control_fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int supervisor__start_front(int control_fd, int socket_fd, pid_t *ret_pid, struct error *error)
{
	struct pollfd ready = {.fd = control_fd, .events = POLLIN};
	struct supervisor_reply reply = {0};
	int r = send_descriptor(control_fd, socket_fd);

	if (r < 0)
		return error_set(error, r, "the supervisor of the front has ended: %m");
	if (poll(&ready, 1, REPLY_TIMEOUT_MS) <= 0)
		return error_set(error, -ETIMEDOUT, "the supervisor of the front does not answer");
	if (recv(control_fd, &reply, sizeof(reply), MSG_DONTWAIT) != sizeof(reply))
		return error_set(error, -EPIPE, "the supervisor of the front has ended");
	reply.message[sizeof(reply.message) - 1] = '\0';
	if (reply.code < 0)
		return error_set(error, reply.code, "%s", reply.message);
	*ret_pid = reply.pid;
	return 0;
}
