// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <version.h>

#include "base/cleanup.h"
#include "base/sandbox.h"
#include "base/syscall_filter.h"
#include "config/exit_status.h"
#include "export/settings.h"
#include "export/transport.h"
#include "ipc/reader.h"

/* scottyscope-otlp: makes the gRPC calls for a scottyscope that is built without gRPC
 * (export/transport_process.c), one call at a time. Queue and retries are in the front. */

/* Waits for the next message; -EPIPE when the front has ended. */
static int next_message(struct message_reader *reader, struct message *ret_message,
			struct error *error)
{
	struct pollfd ready = {.fd = EXPORT_PROGRAM_SOCKET, .events = POLLIN};
	int r;

	while ((r = message_reader__next(reader, EXPORT_PROGRAM_SOCKET, ret_message, error)) == 0)
		poll(&ready, 1, -1);
	return r < 0 ? r : 0;
}

/* Receives the settings, the first message, and makes a client of them. */
static int make_client(struct message_reader *reader, struct export_client **ret_client,
		       struct error *error)
{
	_cleanup_free_ char *bytes = NULL;
	_cleanup_(export_settings__done) struct export_settings settings = {0};
	struct message message;
	int r = next_message(reader, &message, error);

	if (r < 0)
		return r;
	if (message.header.kind != MESSAGE_SETTINGS)
		return error_set(error, -EPROTO, "the first message must be the settings");
	bytes = malloc(message.header.payload_size);
	if (!bytes)
		return error_out_of_memory(error);
	memcpy(bytes, message.payload, message.header.payload_size);
	r = export_settings__decode(bytes, message.header.payload_size, &settings, error);
	if (r < 0)
		return r;
	return export_transport_grpc.new_client(&settings.otlp, settings.signal, ret_client, error);
}

/* Makes calls until the front ends, which is not a failure. */
static int serve_calls(struct message_reader *reader, struct export_client *client,
		       struct error *error)
{
	struct message message;
	int r;

	while ((r = next_message(reader, &message, error)) == 0) {
		struct export_result result;

		if (message.header.kind != MESSAGE_CALL) {
			return error_set(error, -EPROTO, "unexpected message of kind %u",
					 message.header.kind);
		}
		export_transport_grpc.call(client, message.payload, message.header.payload_size,
					   message.header.sequence,
					   message.header.flags & MESSAGE_FLAG_WAIT, &result);
		r = message__send(EXPORT_PROGRAM_SOCKET, MESSAGE_RESULT, 0, 0, &result,
				  sizeof(result), error);
		if (r < 0)
			break;
	}
	return r == -EPIPE ? 0 : r;
}

static int start(struct message_reader **ret_reader, struct export_client **ret_client,
		 struct error *error)
{
	int r = message_reader__new(ret_reader, error);

	if (r < 0)
		return r;
	/* The front has no privileges that this process could inherit, and a filter of system calls
	 * that it does; this verifies the former. */
	r = sandbox__enter(EXPORT_PROGRAM_SOCKET, 0, &(struct sandbox_user){getuid(), getgid()},
			   error);
	if (r == 0)
		r = syscall_filter__report_denials(EXPORT_PROGRAM, error);
	if (r < 0)
		return r;
	return make_client(*ret_reader, ret_client, error);
}

static int run(struct error *error)
{
	_cleanup_(message_reader__freep) struct message_reader *reader = NULL;
	struct export_client *client = NULL;
	const uint16_t no_port = 0;
	int r = start(&reader, &client, error);

	if (r < 0) {
		message__send_failed(EXPORT_PROGRAM_SOCKET, r, error->message);
		return r;
	}
	r = message__send(EXPORT_PROGRAM_SOCKET, MESSAGE_READY, 0, 0, &no_port, sizeof(no_port),
			  error);
	return r < 0 ? r : serve_calls(reader, client, error);
}

int main(void)
{
	struct error error = {0};
	socklen_t size = sizeof(int);
	int type;

	if (getsockopt(EXPORT_PROGRAM_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
		fprintf(stderr,
			EXPORT_PROGRAM " " SCOTTYSCOPE_VERSION
				       ": only scottyscope runs this program, to send OTLP\n");
		return EXIT_STATUS_USAGE;
	}
	/* Without waiting for gRPC's threads: the front has ended, or has the reason. */
	_exit(run(&error) < 0 ? EXIT_STATUS_FAILED : EXIT_STATUS_DONE);
}
