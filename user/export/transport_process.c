// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/sandbox.h"
#include "export/settings.h"
#include "export/transport.h"
#include "ipc/message.h"

/* The calls of a client are made by a child process that runs scottyscope-otlp. The process is
 * started with the client, and again by the next call after its end. The child has no more privileges
 * than the front: the same user, no capabilities, no memory of the front, no descriptor but its
 * socket. Killing the child cancels its call. */

#define READY_TIMEOUT_NS (10 * NS_PER_S)

/* The time for a response in addition to the call's own time limit. */
#define RESPONSE_MARGIN_NS (5 * NS_PER_S)

struct process_client {
	struct export_client base;
	enum export_signal signal;
	int program_fd;
	uint64_t timeout_ns;
	char *settings;
	size_t settings_size;
	char **environment;

	pthread_mutex_t lock; /* of the fields below */
	pid_t process;	      /* 0: none */
	int socket_fd;	      /* to the process; -1: none */
	bool in_call;
	bool is_interrupted; /* the call in progress */
	bool is_cancelled;
};

static struct process_client *process_client_of(struct export_client *client)
{
	return (struct process_client *)client;
}

/* Opens `name` in the directory of this program's file. */
static int open_neighbour(const char *name, int *ret_fd, struct error *error)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - strlen(name) - 1);
	_cleanup_close_ int fd = -1;
	char *end;

	if (length < 0)
		return error_set(error, -errno, "cannot find the file of this program: %m");
	path[length] = '\0';
	end = strrchr(path, '/');
	end = end ? end + 1 : path;
	snprintf(end, sizeof(path) - (size_t)(end - path), "%s", name);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, -errno, "cannot open %s: %m", path);
	/* Above 2, even if 0 to 2 are closed: the child uses those. */
	*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return *ret_fd < 0 ? error_set(error, -errno, "cannot keep %s open: %m", path) : 0;
}

static int open_program(int *ret_fd, struct error *error)
{
	return open_neighbour(EXPORT_PROGRAM, ret_fd, error);
}

/* gRPC and TLS read the environment. Headers in the variables of OpenTelemetry may be credentials. */
static const char *const secret_variables[] = {"OTEL_", NULL};

/* Runs in the child, a copy of a process with threads: calls async-signal-safe functions only. */
static _Noreturn void run_program(const struct process_client *client, int socket_fd, pid_t parent)
{
	char name[] = EXPORT_PROGRAM;
	char *const arguments[] = {name, NULL};
	char reason[MESSAGE_REASON_LIMIT];
	int code;

	if (sandbox__die_with_parent(parent, NULL) < 0 ||
	    dup2(socket_fd, EXPORT_PROGRAM_SOCKET) < 0)
		_exit(EXIT_FAILURE);
	fexecve(client->program_fd, arguments, client->environment);
	code = errno;
	stpcpy(stpcpy(reason, EXPORT_PROGRAM " cannot be run: "), strerrordesc_np(code));
	message__send_failed(EXPORT_PROGRAM_SOCKET, -code, reason);
	_exit(EXIT_FAILURE);
}

/* Kills the process and waits for its end; called with the lock held. */
static void end_process(struct process_client *client)
{
	if (client->process > 0) {
		kill(client->process, SIGKILL);
		while (waitpid(client->process, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	if (client->socket_fd >= 0)
		close(client->socket_fd);
	client->process = 0;
	client->socket_fd = -1;
}

/* Forks, unless the call was cancelled in the meantime. */
static int launch(struct process_client *client, struct error *error)
{
	const pid_t self = getpid();
	int pair[2];
	int r = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error, -errno, "cannot create a socket pair: %m");
	pthread_mutex_lock(&client->lock);
	if (client->is_interrupted || client->is_cancelled)
		r = error_set(error, -ECANCELED, "cancelled");
	else
		client->process = fork();
	if (client->process == 0 && r == 0)
		run_program(client, pair[1], self);
	if (client->process < 0)
		r = error_set(error, -errno, "cannot fork: %m");
	client->socket_fd = pair[0];
	pthread_mutex_unlock(&client->lock);
	close(pair[1]);
	return r;
}

/* Starts the process and sends its settings. After an error the caller ends the process. */
static int start_process(struct process_client *client, struct error *error)
{
	uint16_t nothing;
	int r = launch(client, error);

	if (r < 0)
		return r;
	/* A process that has ended may have sent a reason. */
	r = message__send(client->socket_fd, MESSAGE_SETTINGS, 0, 0, client->settings,
			  client->settings_size, error);
	if (r < 0 && r != -EPIPE)
		return r;
	return message__await_ready(client->socket_fd, READY_TIMEOUT_NS, EXPORT_PROGRAM, &nothing,
				    error);
}

static void process_client__free(struct process_client *client)
{
	if (!client)
		return;
	end_process(client);
	pthread_mutex_destroy(&client->lock);
	free(client->environment);
	free(client->settings);
	free(client);
}

DEFINE_CLEANUP(struct process_client *, process_client__free);

static int new_client(const struct config_otlp *config, enum export_signal signal,
		      struct export_client **ret_client, struct error *error)
{
	_cleanup_(process_client__freep) struct process_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return error_out_of_memory(error);
	client->base.transport = &export_transport_process;
	client->signal = signal;
	client->program_fd = config->program_fd;
	client->timeout_ns = config->timeout_ns;
	client->socket_fd = -1;
	pthread_mutex_init(&client->lock, NULL);
	client->environment = environment__without(secret_variables);
	if (!client->environment)
		return error_out_of_memory(error);
	r = export_settings__encode(config, signal, &client->settings, &client->settings_size,
				    error);
	if (r < 0)
		return r;
	r = start_process(client, error);
	if (r < 0)
		return r;
	*ret_client = &TAKE_PTR(client)->base;
	return 0;
}

static void free_client(struct export_client *client)
{
	process_client__free(process_client_of(client));
}

/* Checks the result that the process sent: the process reads bytes of the network. */
static int take_result(const struct export_result *sent, uint64_t items,
		       struct export_result *ret_result, struct error *error)
{
	size_t length = strnlen(sent->reason, sizeof(sent->reason) - 1);

	if (sent->outcome >= EXPORT_OUTCOME_COUNT || sent->cause >= EXPORT_CAUSE_COUNT)
		return error_set(error, -EPROTO, "malformed result");
	*ret_result = *sent;
	for (size_t i = 0; i < length; i++) {
		if (!isprint((unsigned char)sent->reason[i]))
			ret_result->reason[i] = '?';
	}
	ret_result->reason[length] = '\0';
	if (sent->rejected_items > items)
		ret_result->rejected_items = items;
	if (sent->retry_after_ns > EXPORT_RETRY_LIMIT_NS)
		ret_result->retry_after_ns = EXPORT_RETRY_LIMIT_NS;
	return 0;
}

static int converse(struct process_client *client, const uint8_t *request, size_t size,
		    uint64_t items, bool wait_for_connection, struct export_result *ret_result,
		    struct error *error)
{
	uint16_t flags = wait_for_connection ? MESSAGE_FLAG_WAIT : 0;
	struct export_result sent;
	struct message_header header;
	int r;

	/* Only this thread changes `process` and `socket_fd`. */
	if (client->process == 0) {
		r = start_process(client, error);
		if (r < 0)
			return r;
	}
	r = message__send(client->socket_fd, MESSAGE_CALL, flags, items, request, size, error);
	if (r < 0)
		return r;
	r = message__receive(client->socket_fd, client->timeout_ns + RESPONSE_MARGIN_NS, &header,
			     &sent, sizeof(sent), error);
	if (r < 0)
		return r;
	if (header.kind != MESSAGE_RESULT || header.payload_size != sizeof(sent))
		return error_set(error, -EPROTO, "unexpected message of kind %u", header.kind);
	return take_result(&sent, items, ret_result, error);
}

static void call(struct export_client *base, const uint8_t *request, size_t size, uint64_t items,
		 bool wait_for_connection, struct export_result *ret_result)
{
	struct process_client *client = process_client_of(base);
	struct error error = {0};
	bool was_ended;
	int r;

	*ret_result = (struct export_result){.outcome = EXPORT_RETRY, .reason = "cancelled"};
	pthread_mutex_lock(&client->lock);
	was_ended = client->is_cancelled;
	client->is_interrupted = false;
	client->in_call = true;
	pthread_mutex_unlock(&client->lock);
	if (was_ended)
		return;
	r = converse(client, request, size, items, wait_for_connection, ret_result, &error);

	pthread_mutex_lock(&client->lock);
	client->in_call = false;
	was_ended = client->is_interrupted || client->is_cancelled;
	if (r < 0 || was_ended)
		end_process(client);
	pthread_mutex_unlock(&client->lock);
	if (r < 0 && !was_ended) {
		ret_result->cause = EXPORT_CAUSE_NO_CONNECTION;
		snprintf(ret_result->reason, sizeof(ret_result->reason), EXPORT_PROGRAM ": %.200s",
			 error.message);
	}
}

static void cancel(struct export_client *base, bool and_later_calls)
{
	struct process_client *client = process_client_of(base);

	pthread_mutex_lock(&client->lock);
	if (client->in_call) {
		client->is_interrupted = true;
		if (client->process > 0)
			kill(client->process, SIGKILL);
	}
	client->is_cancelled |= and_later_calls;
	pthread_mutex_unlock(&client->lock);
}

const struct export_transport export_transport_process = {
	.open_program = open_program,
	.new_client = new_client,
	.free_client = free_client,
	.call = call,
	.cancel = cancel,
};
