// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/process.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "ipc/message.h"

/* Initialising gRPC and binding a port takes milliseconds; resolving a name may take seconds. */
#define READY_TIMEOUT_NS (10 * NS_PER_S)

/* If one end of the socket is not read for this long, the other end closes the stream. */
#define SEND_TIMEOUT_S 2

struct front {
	pid_t supervisor;
	int control_fd; /* to the supervisor */
	int socket_fd;	/* to the front */
	int pid_fd;
	uint16_t port;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int make_pair(int type, int *ret_near, int *ret_far, struct error *error)
{
	const struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
	int pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error, -errno, "cannot create a socket pair: %m");
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	*ret_near = pair[0];
	*ret_far = pair[1];
	return 0;
}

static int front__launch(struct front *front, struct error *error)
{
	_cleanup_close_ int far_fd = -1;
	pid_t pid;
	int r = make_pair(SOCK_STREAM, &front->socket_fd, &far_fd, error);

	if (r < 0)
		return r;
	r = supervisor__start_front(front->control_fd, far_fd, &pid, error);
	if (r < 0)
		return r;
	/* Only the front may have its end open, so that its death closes the stream. */
	close_fd(&far_fd);
	front->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (front->pid_fd < 0)
		return error_set(error, -errno, "cannot watch the front process: %m");
	return message__await_ready(front->socket_fd, READY_TIMEOUT_NS, "the front process",
				    &front->port, error);
}

int front__start(const struct config *config, front_entry entry, struct front **ret_front,
		 struct error *error)
{
	_cleanup_(front__freep) struct front *front = malloc(sizeof(*front));
	_cleanup_close_ int far_fd = -1;
	pid_t self = getpid();
	int r;

	if (!front)
		return error_out_of_memory(error);
	*front = (struct front){
		.control_fd = -1,
		.socket_fd = -1,
		.pid_fd = -1,
	};
	r = make_pair(SOCK_SEQPACKET, &front->control_fd, &far_fd, error);
	if (r < 0)
		return r;
	front->supervisor = fork();
	if (front->supervisor < 0)
		return error_set(error, -errno, "cannot fork: %m");
	if (front->supervisor == 0)
		supervisor__run(config, entry, far_fd, self);
	close_fd(&far_fd);
	r = front__launch(front, error);
	if (r < 0)
		return r;
	*ret_front = TAKE_PTR(front);
	return 0;
}

int front__restart(struct front *front, struct error *error)
{
	int r;

	close_fd(&front->socket_fd);
	close_fd(&front->pid_fd);
	front->port = 0;
	r = front__launch(front, error);
	if (r < 0) {
		close_fd(&front->socket_fd);
		close_fd(&front->pid_fd);
	}
	return r;
}

static bool has_ended(int pid_fd, uint64_t timeout_ns)
{
	struct pollfd ready = {.fd = pid_fd, .events = POLLIN};

	return poll(&ready, 1, (int)(timeout_ns / NS_PER_MS)) > 0;
}

void front__stop(struct front *front, uint64_t timeout_ns)
{
	/* The rest of the time is for the statistics after the flush, and for exiting. */
	uint64_t flush_ns = timeout_ns - timeout_ns / 4;

	if (front->control_fd < 0)
		return;
	if (front->pid_fd >= 0 &&
	    message__send(front->socket_fd, MESSAGE_STOP, 0, flush_ns, NULL, 0, NULL) == 0)
		has_ended(front->pid_fd, timeout_ns);

	/* The supervisor ends without its control socket, and the kernel then kills the front. */
	close_fd(&front->control_fd);
	while (waitpid(front->supervisor, NULL, 0) < 0 && errno == EINTR)
		continue;
	if (front->pid_fd >= 0)
		has_ended(front->pid_fd, NS_PER_S);
}

void front__free(struct front *front)
{
	if (!front)
		return;
	if (front->supervisor > 0)
		front__stop(front, 0);
	close_fd(&front->control_fd);
	close_fd(&front->socket_fd);
	close_fd(&front->pid_fd);
	free(front);
}

int front__socket_fd(const struct front *front)
{
	return front->socket_fd;
}

int front__pid_fd(const struct front *front)
{
	return front->pid_fd;
}

uint16_t front__port(const struct front *front)
{
	return front->port;
}
