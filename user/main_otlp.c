// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <version.h>

#include "base/cleanup.h"
#include "base/sandbox.h"
#include "config/exit_status.h"
#include "export/client.h"
#include "export/settings.h"
#include "ipc/reader.h"

/* scottyscope-otlp: sends OTLP for a scottyscope that is built without gRPC (export/remote.c). The
 * queue, and trying again, are its front's; here is one call at a time. */

/* Waits for the next message; -EPIPE when the front has gone. */
static int next_message(struct message_reader *reader, struct message *ret_message,
			struct error *error)
{
	struct pollfd ready = {.fd = EXPORT_PROGRAM_SOCKET, .events = POLLIN};
	int r;

	while ((r = message_reader__next(reader, EXPORT_PROGRAM_SOCKET, ret_message, error)) == 0)
		poll(&ready, 1, -1);
	return r < 0 ? r : 0;
}

/* Makes a client of the settings, which come first. */
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
		return error_set(error, -EPROTO, "the first message has to be settings");
	bytes = malloc(message.header.payload_size);
	if (!bytes)
		return error_out_of_memory(error);
	memcpy(bytes, message.payload, message.header.payload_size);
	r = export_settings__decode(bytes, message.header.payload_size, &settings, error);
	if (r < 0)
		return r;
	export_library_init();
	return export_client__new(&settings.otlp, settings.signal, ret_client, error);
}

/* Makes calls until the front has gone, which is no failure. */
static int serve_calls(struct message_reader *reader, struct export_client *client,
		       struct error *error)
{
	struct message message;
	int r;

	while ((r = next_message(reader, &message, error)) >= 0) {
		struct export_result result;

		if (message.header.kind != MESSAGE_CALL)
			return error_set(error, -EPROTO, "unexpected message of kind %u",
					 message.header.kind);
		export_client__call(client, message.payload, message.header.payload_size,
				    message.header.sequence,
				    message.header.flags & MESSAGE_FLAG_WAIT, &result);
		r = message__send(EXPORT_PROGRAM_SOCKET, MESSAGE_RESULT, 0, 0, &result,
				  sizeof(result), error);
		if (r < 0)
			break;
	}
	return r == -EPIPE ? 0 : r;
}

static int run(struct error *error)
{
	_cleanup_(message_reader__freep) struct message_reader *reader = NULL;
	struct export_client *client = NULL;
	const uint16_t no_port = 0;
	int r = message_reader__new(&reader, error);

	/* It comes from the front and has nothing to give up; this makes certain of it. */
	if (r >= 0)
		r = sandbox__enter(EXPORT_PROGRAM_SOCKET, 0, error);
	if (r >= 0)
		r = make_client(reader, &client, error);
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
		fprintf(stderr, EXPORT_PROGRAM
			" " SCOTTYSCOPE_VERSION
			": scottyscope runs this to send OTLP; by itself it does nothing\n");
		return EXIT_STATUS_USAGE;
	}
	/* At once, without waiting for gRPC's threads: nobody is there to hear of it. */
	_exit(run(&error) < 0 ? EXIT_STATUS_FAILED : EXIT_STATUS_DONE);
}
