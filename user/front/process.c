// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "front/log_relay.h"
#include "front/settings.h"
#include "front/supervisor.h"
#include "front/user.h"
#include "ipc/message.h"

/* If one end of the socket is not read for this long, the other end closes the stream. */
#define SEND_TIMEOUT_S 2

/* A supervisor ends at once without its control socket, unless another process stopped it. */
#define SUPERVISOR_END_NS NS_PER_S

enum front_state {
	FRONT_NONE,
	FRONT_REQUESTED, /* the supervisor has to reply */
	FRONT_STARTING,	 /* the front has to say that it is ready */
	FRONT_READY,
};

struct front {
	enum front_state state;
	uint64_t deadline_ns;	       /* of the start; monotonic */
	pid_t supervisor;	       /* 0: none */
	struct supervisor_start start; /* its `control_fd` is unused */
	int log_fd;		       /* the end of the pipe that the agent reads */
	int control_fd;		       /* to the supervisor */
	int socket_fd;		       /* to the front */
	int pid_fd;
	struct message_reader *reader;
	uint16_t port;
	bool runs_as_nobody;
	struct log_relay log;
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

static bool has_ended(int pid_fd, uint64_t timeout_ns)
{
	struct pollfd ready = {.fd = pid_fd, .events = POLLIN};

	return poll(&ready, 1, (int)(timeout_ns / NS_PER_MS)) > 0;
}

/* The supervisor ends without its control socket, and the kernel then kills the front. A supervisor that
 * another process stopped ends with this process. */
static void end_supervisor(struct front *front)
{
	uint64_t deadline_ns = clock_monotonic_ns() + SUPERVISOR_END_NS;

	close_fd(&front->control_fd);
	while (front->supervisor > 0 && waitpid(front->supervisor, NULL, WNOHANG) == 0 &&
	       clock_monotonic_ns() < deadline_ns)
		poll(NULL, 0, 1);
	front->supervisor = 0;
}

static int start_supervisor(struct front *front, struct error *error)
{
	_cleanup_close_ int far_fd = -1;
	int r = make_pair(SOCK_SEQPACKET, &front->control_fd, &far_fd, error);

	if (r < 0)
		return r;
	front->supervisor = fork();
	if (front->supervisor < 0) {
		front->supervisor = 0;
		return error_set(error, -errno, "cannot fork: %m");
	}
	if (front->supervisor == 0) {
		front->start.control_fd = far_fd;
		supervisor__execute(&front->start);
	}
	return 0;
}

/* Closes what belongs to the present front. */
static void forget_front(struct front *front)
{
	close_fd(&front->socket_fd);
	close_fd(&front->pid_fd);
	message_reader__free(TAKE_PTR(front->reader));
	front->port = 0;
	front->state = FRONT_NONE;
}

/* Requests a front of the supervisor, or of a new one where there is none any more. */
static int request_front(struct front *front, int far_fd, struct error *error)
{
	int r = front->supervisor > 0 ? supervisor__request_front(front->control_fd, far_fd, error)
				      : -EPIPE;

	if (r != -EPIPE)
		return r;
	end_supervisor(front);
	r = start_supervisor(front, error);
	return r < 0 ? r : supervisor__request_front(front->control_fd, far_fd, error);
}

int front__begin(struct front *front, struct error *error)
{
	_cleanup_close_ int far_fd = -1;
	int r;

	forget_front(front);
	r = message_reader__new(&front->reader, error);
	if (r == 0)
		r = make_pair(SOCK_STREAM, &front->socket_fd, &far_fd, error);
	/* Only the front may have its end open, so that its death closes the stream. */
	if (r == 0)
		r = request_front(front, far_fd, error);
	if (r < 0) {
		forget_front(front);
		return r;
	}
	front->deadline_ns = clock_monotonic_ns() + FRONT_START_LIMIT_NS;
	front->state = FRONT_REQUESTED;
	return 0;
}

static int receive_reply(struct front *front, struct error *error)
{
	pid_t pid = 0;
	int r = supervisor__receive_reply(front->control_fd, &pid, error);

	if (r <= 0)
		return r;
	front->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (front->pid_fd < 0)
		return error_set(error, -errno, "cannot watch the front process: %m");
	front->state = FRONT_STARTING;
	return 1;
}

static int receive_ready(struct front *front, struct error *error)
{
	struct message message;
	int r = message_reader__next(front->reader, front->socket_fd, &message, error);

	if (r < 0)
		return error_prefix(error, r, "the front process did not start");
	if (r == 0)
		return 0;
	r = message__take_ready(&message.header, message.payload, "the front process", &front->port,
				error);
	if (r < 0)
		return r;
	front->state = FRONT_READY;
	return 1;
}

int front__proceed(struct front *front, struct error *error)
{
	bool is_late = clock_monotonic_ns() >= front->deadline_ns;
	int r = front->state == FRONT_REQUESTED ? receive_reply(front, error) : 1;

	/* A supervisor that is dead, or does not reply, is replaced the next time. */
	if (r < 0 || (r == 0 && is_late))
		end_supervisor(front);
	if (r > 0 && front->state == FRONT_STARTING)
		r = receive_ready(front, error);
	if (r == 0 && is_late)
		r = error_set(error, -ETIMEDOUT, "the front process does not start");
	if (r < 0)
		forget_front(front);
	return r;
}

int front__start_fd(const struct front *front)
{
	return front->state == FRONT_REQUESTED ? front->control_fd : front->socket_fd;
}

int front__await(struct front *front, struct error *error)
{
	int r;

	while ((r = front__proceed(front, error)) == 0) {
		struct pollfd ready = {.fd = front__start_fd(front), .events = POLLIN};
		uint64_t now_ns = clock_monotonic_ns();
		uint64_t left_ns = front->deadline_ns > now_ns ? front->deadline_ns - now_ns : 0;

		poll(&ready, 1, (int)(left_ns / NS_PER_MS) + 1);
	}
	return r < 0 ? r : 0;
}

static void print_line(enum log_level level, const char *text)
{
	log_write(level, "front: %s", text);
}

/* The pipe holds 64 KiB; an attacker may fill it while it is read. */
#define LAST_READS 64

bool front__read_log(struct front *front)
{
	char bytes[4096];
	ssize_t got = read(front->log_fd, bytes, sizeof(bytes));

	if (got <= 0)
		return false;
	log_relay__add(&front->log, bytes, (size_t)got, clock_monotonic_ns());
	return true;
}

void front__flush_log(struct front *front)
{
	for (int i = 0; i < LAST_READS && front__read_log(front); i++)
		continue;
	log_relay__flush(&front->log, clock_monotonic_ns());
}

/* Variables that the C library, gRPC and the loader read. The front does not get the others, which may be secrets. */
static const char *const kept_variables[] = {
	"GRPC_",	 "LD_LIBRARY_PATH=", "TZ=", "RES_OPTIONS=", "LOCALDOMAIN=",
	"ASAN_OPTIONS=", "UBSAN_OPTIONS=",   NULL};

/* Opens what every supervisor gets. */
static int front__open(struct front *front, const struct config *config, struct error *error)
{
	struct supervisor_start *start = &front->start;
	struct sandbox_user user;
	int pipe_fds[2];
	int r = front_user__choose(config->front_user, &user, error);

	if (r < 0)
		return r;
	front->runs_as_nobody = r > 0 && geteuid() == 0;
	r = self_program__open(&start->program, kept_variables, error);
	if (r < 0)
		return r;
	/* Nonblocking: a front is not to wait for the agent to print its lines. */
	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_set(error, -errno, "cannot create a pipe: %m");
	front->log_fd = pipe_fds[0];
	start->log_fd = pipe_fds[1];
	start->program_fd = config->otlp.program_fd;
	return front_settings__store(config, &user, &start->settings_fd, error);
}

int front__start(const struct config *config, struct front **ret_front, struct error *error)
{
	_cleanup_(front__freep) struct front *front = malloc(sizeof(*front));
	int r;

	if (!front)
		return error_out_of_memory(error);
	*front = (struct front){
		.start = {.program = SELF_PROGRAM_NONE,
			  .log_fd = -1,
			  .control_fd = -1,
			  .settings_fd = -1},
		.log_fd = -1,
		.control_fd = -1,
		.socket_fd = -1,
		.pid_fd = -1,
	};
	log_relay__init(&front->log, print_line);
	r = front__open(front, config, error);
	if (r == 0)
		r = front__begin(front, error);
	if (r == 0)
		r = front__await(front, error);
	if (r < 0) {
		front__flush_log(front);
		return r;
	}
	*ret_front = TAKE_PTR(front);
	return 0;
}

int front__next_message(struct front *front, struct message *ret_message, struct error *error)
{
	if (!front->reader)
		return error_set(error, -EPIPE, "no front runs");
	return message_reader__next(front->reader, front->socket_fd, ret_message, error);
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

	end_supervisor(front);
	if (front->pid_fd >= 0)
		has_ended(front->pid_fd, NS_PER_S);
}

void front__free(struct front *front)
{
	if (!front)
		return;
	front__stop(front, 0);
	forget_front(front);
	close_fd(&front->log_fd);
	self_program__close(&front->start.program);
	close_fd(&front->start.log_fd);
	close_fd(&front->start.settings_fd);
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

int front__log_fd(const struct front *front)
{
	return front->log_fd;
}

bool front__runs_as_nobody(const struct front *front)
{
	return front->runs_as_nobody;
}

uint16_t front__port(const struct front *front)
{
	return front->port;
}
