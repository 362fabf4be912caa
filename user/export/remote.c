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
#include "base/sandbox.h"
#include "export/client.h"
#include "export/settings.h"
#include "ipc/message.h"

/* The client's calls, made by a process that runs scottyscope-otlp: one for each client, started
 * with it and whenever it is needed and has died. It is a child of the front's and no more than the
 * front: same user, no capabilities, nothing of the front's memory, no descriptor but its socket.
 * To end a call is to kill it. */

#define READY_TIMEOUT_NS (10 * NS_PER_S)

/* What an answer may take beyond the call's own time limit. */
#define ANSWER_MARGIN_NS (5 * NS_PER_S)

/* As the lane takes a server that says to wait. */
#define RETRY_DELAY_LIMIT_NS (300 * NS_PER_S)

struct export_client {
	enum export_signal signal;
	int program_fd;
	uint64_t timeout_ns;
	char *settings;
	size_t settings_size;
	char **environment;

	pthread_mutex_t lock; /* of what follows */
	pid_t process;	      /* 0: none */
	int socket_fd;	      /* to it, -1: none */
	bool in_call;
	bool is_interrupted; /* the call under way */
	bool is_cancelled;
};

/* Opens `name` in the directory that this program's file is in. */
static int open_neighbour(const char *name, int *ret_fd, struct error *error)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - strlen(name) - 1);
	_cleanup_close_ int fd = -1;
	char *end;

	if (length < 0)
		return error_set(error, -errno, "cannot tell where this program is: %m");
	path[length] = '\0';
	end = strrchr(path, '/');
	end = end ? end + 1 : path;
	snprintf(end, sizeof(path) - (size_t)(end - path), "%s", name);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, -errno, "cannot open %s: %m", path);
	/* Not 0 to 2, even if those were closed: they are the child's. */
	*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return *ret_fd < 0 ? error_set(error, -errno, "cannot keep %s open: %m", path) : 0;
}

int export_program_open(int *ret_fd, struct error *error)
{
	return open_neighbour(EXPORT_PROGRAM, ret_fd, error);
}

/* The library is the child's. */
void export_library_init(void)
{
}
void export_library_shutdown(void)
{
}

/* The variables that gRPC and TLS may heed, without those that this program has read: they hold
 * headers, which may be credentials. */
static char **copy_environment(void)
{
	size_t count = 0, kept = 0;
	char **copy;

	while (environ && environ[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		if (strncmp(environ[i], "OTEL_", 5) != 0)
			copy[kept++] = environ[i];
	}
	return copy;
}

/* The child's part, between fork() and the new program: only what may be called in a copy of a
 * process with other threads. */
static _Noreturn void run_program(const struct export_client *client, int socket_fd, pid_t parent)
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

/* Makes an end of the process; called with the lock held. */
static void end_process(struct export_client *client)
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

/* Forks, unless the call was ended meanwhile. */
static int launch(struct export_client *client, struct error *error)
{
	const pid_t self = getpid();
	int pair[2];
	int r = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error, -errno, "cannot create a socket pair: %m");
	pthread_mutex_lock(&client->lock);
	if (client->is_interrupted || client->is_cancelled)
		r = error_set(error, -ECANCELED, "ended");
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

/* Starts the process and tells it where to send to. A failure leaves it to be ended. */
static int start_process(struct export_client *client, struct error *error)
{
	uint16_t nothing;
	int r = launch(client, error);

	if (r < 0)
		return r;
	/* One that has ended already may have said why. */
	r = message__send(client->socket_fd, MESSAGE_SETTINGS, 0, 0, client->settings,
			  client->settings_size, error);
	if (r < 0 && r != -EPIPE)
		return r;
	return message__await_ready(client->socket_fd, READY_TIMEOUT_NS, EXPORT_PROGRAM, &nothing,
				    error);
}

int export_client__new(const struct config_otlp *config, enum export_signal signal,
		       struct export_client **ret_client, struct error *error)
{
	_cleanup_(export_client__freep) struct export_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return error_out_of_memory(error);
	client->signal = signal;
	client->program_fd = config->program_fd;
	client->timeout_ns = config->timeout_ns;
	client->socket_fd = -1;
	pthread_mutex_init(&client->lock, NULL);
	client->environment = copy_environment();
	if (!client->environment)
		return error_out_of_memory(error);
	r = export_settings__encode(config, signal, &client->settings, &client->settings_size,
				    error);
	if (r >= 0)
		r = start_process(client, error);
	if (r < 0)
		return r;
	*ret_client = TAKE_PTR(client);
	return 0;
}

void export_client__free(struct export_client *client)
{
	if (!client)
		return;
	end_process(client);
	pthread_mutex_destroy(&client->lock);
	free(client->environment);
	free(client->settings);
	free(client);
}

/* Takes over an answer, as far as it makes sense: the process reads what strangers send. */
static void take_result(const struct export_result *answer, uint64_t items,
			struct export_result *ret_result)
{
	size_t length = strnlen(answer->message, sizeof(answer->message) - 1);

	*ret_result = *answer;
	for (size_t i = 0; i < length; i++) {
		if (!isprint((unsigned char)answer->message[i]))
			ret_result->message[i] = '?';
	}
	ret_result->message[length] = '\0';
	if (answer->rejected_items > items)
		ret_result->rejected_items = items;
	if (answer->retry_info.delay_ns > RETRY_DELAY_LIMIT_NS)
		ret_result->retry_info.delay_ns = RETRY_DELAY_LIMIT_NS;
}

static int converse(struct export_client *client, const uint8_t *request, size_t size,
		    uint64_t items, bool wait_for_ready, struct export_result *ret_result,
		    struct error *error)
{
	struct export_result answer;
	struct message_header header;
	int r = 0;

	/* `process` and `socket_fd` change in this thread only. */
	if (client->process == 0)
		r = start_process(client, error);
	if (r >= 0)
		r = message__send(client->socket_fd, MESSAGE_CALL,
				  wait_for_ready ? MESSAGE_FLAG_WAIT : 0, items, request, size,
				  error);
	if (r >= 0)
		r = message__receive(client->socket_fd, client->timeout_ns + ANSWER_MARGIN_NS,
				     &header, &answer, sizeof(answer), error);
	if (r < 0)
		return r;
	if (header.kind != MESSAGE_RESULT || header.payload_size != sizeof(answer))
		return error_set(error, -EPROTO, "it sent an unexpected message");
	take_result(&answer, items, ret_result);
	return 0;
}

void export_client__call(struct export_client *client, const uint8_t *request, size_t size,
			 uint64_t items, bool wait_for_ready, struct export_result *ret_result)
{
	struct error error = {0};
	bool was_ended;
	int r;

	*ret_result = (struct export_result){.status = EXPORT_STATUS_CANCELLED};
	pthread_mutex_lock(&client->lock);
	was_ended = client->is_cancelled;
	client->is_interrupted = false;
	client->in_call = true;
	pthread_mutex_unlock(&client->lock);
	if (was_ended)
		return;
	r = converse(client, request, size, items, wait_for_ready, ret_result, &error);

	pthread_mutex_lock(&client->lock);
	client->in_call = false;
	was_ended = client->is_interrupted || client->is_cancelled;
	if (r < 0 || was_ended)
		end_process(client);
	pthread_mutex_unlock(&client->lock);
	if (r < 0 && !was_ended) {
		ret_result->status = EXPORT_STATUS_UNAVAILABLE;
		snprintf(ret_result->message, sizeof(ret_result->message),
			 EXPORT_PROGRAM ": %.200s", error.message);
	}
}

static void end_call(struct export_client *client, bool and_later_ones)
{
	pthread_mutex_lock(&client->lock);
	if (client->in_call) {
		client->is_interrupted = true;
		if (client->process > 0)
			kill(client->process, SIGKILL);
	}
	client->is_cancelled |= and_later_ones;
	pthread_mutex_unlock(&client->lock);
}

void export_client__interrupt(struct export_client *client)
{
	end_call(client, false);
}

void export_client__cancel(struct export_client *client)
{
	end_call(client, true);
}
