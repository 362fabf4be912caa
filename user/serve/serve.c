// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "serve/serve.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "export/exporter.h"
#include "front/statistics.h"
#include "ipc/reader.h"
#include "otlp/decode.h"
#include "serve/routes.h"
#include "serve/scrape.h"
#include "web/server.h"

#define TICK_NS (1 * NS_PER_S)

struct server {
	int socket_fd;
	struct loop *loop;
	struct message_reader *reader;
	struct exporter *exporter;
	struct scrape *scrape;
	struct web_server *web; /* NULL: no HTTP */
	struct front_statistics last_sent;
	bool in_collection; /* some requests of a collection to export have come */
	bool has_problem[EXPORT_SIGNAL_COUNT];
	struct error error; /* of the callback that ended the loop */
};

/* Tells the probe what has changed since it was told last. */
static int send_statistics(struct server *server)
{
	struct scrape_counts scrapes = scrape__counts(server->scrape);
	struct front_statistics statistics = {
		.scrapes = scrapes.answered,
		.scrape_failures = scrapes.failed,
	};

	exporter__statistics(server->exporter, &statistics.exporter);
	if (memcmp(&statistics, &server->last_sent, sizeof(statistics)) == 0)
		return 0;
	server->last_sent = statistics;
	return message__send(server->socket_fd, MESSAGE_STATISTICS, 0, 0, &statistics,
			     sizeof(statistics), &server->error);
}

/* Asks for a collection if a scrape waits for one. */
static int ask_for_collection(struct server *server)
{
	uint64_t sequence;
	int r;

	if (!scrape__next(server->scrape, &sequence))
		return 0;
	/* Before, so that the collection has them. */
	r = send_statistics(server);
	if (r < 0)
		return r;
	return message__send(server->socket_fd, MESSAGE_TAKE_SNAPSHOT, 0, sequence, NULL, 0,
			     &server->error);
}

static int on_scrape(void *context)
{
	return ask_for_collection(context);
}

/* Logs when the export of a signal starts to fail, and when it works again. */
static void report_problems(struct server *server)
{
	static const char *const names[] = {
		[EXPORT_METRICS] = "metrics",
		[EXPORT_SPANS] = "traces",
	};

	for (unsigned int signal = 0; signal < EXPORT_SIGNAL_COUNT; signal++) {
		char reason[512];
		bool has_problem =
			exporter__problem(server->exporter, signal, reason, sizeof(reason));

		if (has_problem && !server->has_problem[signal])
			log_warning("cannot export %s to %s", names[signal], reason);
		else if (!has_problem && server->has_problem[signal])
			log_info("%s are exported again", names[signal]);
		server->has_problem[signal] = has_problem;
	}
}

static int on_tick(void *context)
{
	struct server *server = context;
	int r;

	report_problems(server);
	r = ask_for_collection(server);
	return r < 0 ? r : send_statistics(server);
}

static void take_metrics(struct server *server, const struct message *message)
{
	const uint8_t *request = message->payload;
	size_t size = message->header.payload_size;

	if (message->header.flags & MESSAGE_FLAG_SCRAPE)
		scrape__add(server->scrape, message->header.sequence, request, size);
	if (message->header.flags & MESSAGE_FLAG_EXPORT) {
		if (!server->in_collection)
			exporter__new_snapshot(server->exporter);
		server->in_collection = true;
		exporter__queue(server->exporter, EXPORT_METRICS, request, size,
				otlp_count_points(request, size));
	}
}

static int take_metrics_end(struct server *server, const struct message *message)
{
	if (message->header.flags & MESSAGE_FLAG_EXPORT)
		server->in_collection = false;
	if (!(message->header.flags & MESSAGE_FLAG_SCRAPE))
		return 0;
	scrape__end(server->scrape, message->header.sequence);
	return ask_for_collection(server);
}

static int take_message(struct server *server, const struct message *message)
{
	switch (message->header.kind) {
	case MESSAGE_METRICS:
		take_metrics(server, message);
		return 0;
	case MESSAGE_METRICS_END:
		return take_metrics_end(server, message);
	case MESSAGE_SPANS:
		exporter__queue(server->exporter, EXPORT_SPANS, message->payload,
				message->header.payload_size,
				otlp_count_spans(message->payload, message->header.payload_size));
		return 0;
	case MESSAGE_STOP:
		exporter__flush(server->exporter, message->header.sequence);
		loop__stop(server->loop);
		return send_statistics(server);
	default:
		return error_set(&server->error, -EPROTO, "unexpected message of kind %u",
				 message->header.kind);
	}
}

static int on_message(void *context)
{
	struct server *server = context;
	struct message message;
	int r;

	while ((r = message_reader__next(server->reader, server->socket_fd, &message,
					 &server->error)) > 0) {
		r = take_message(server, &message);
		if (r < 0 || message.header.kind == MESSAGE_STOP)
			return r;
	}
	return r;
}

static int server__start(struct server *server, const struct config *config)
{
	struct error *error = &server->error;
	int r = loop__new(&server->loop, error);

	if (r >= 0)
		r = message_reader__new(&server->reader, error);
	if (r >= 0)
		r = scrape__new(&server->scrape, error);
	if (r >= 0)
		r = exporter__new(&config->otlp, &server->exporter, error);
	if (r >= 0 && config->listen_host)
		r = web_server__new(config->listen_host, config->listen_port, &front_routes,
				    server->scrape, &server->web, error);
	if (r >= 0)
		r = loop__add_fd(server->loop, server->socket_fd, EPOLLIN, on_message, server, NULL,
				 error);
	if (r >= 0)
		r = loop__add_fd(server->loop, scrape__event_fd(server->scrape), EPOLLIN, on_scrape,
				 server, NULL, error);
	if (r >= 0)
		r = loop__add_timer(server->loop, TICK_NS, TICK_NS, on_tick, server, NULL, error);
	return r;
}

static void server__done(struct server *server)
{
	/* The HTTP server waits for its threads, and they for collections. */
	if (server->scrape)
		scrape__close(server->scrape);
	web_server__free(server->web);
	exporter__free(server->exporter);
	scrape__free(server->scrape);
	message_reader__free(server->reader);
	loop__free(server->loop);
}

static int server__run(struct server *server)
{
	uint16_t port = server->web ? web_server__port(server->web) : 0;
	int r = message__send(server->socket_fd, MESSAGE_READY, 0, 0, &port, sizeof(port),
			      &server->error);

	if (r >= 0)
		r = loop__run(server->loop);
	/* The probe's end is ours too, and no failure. */
	if (r < 0 && r != -EPIPE)
		log_error("the unprivileged process ends: %s", server->error.message);
	return r;
}

int serve_main(const struct config *config, int socket_fd)
{
	_cleanup_(server__done) struct server server = {.socket_fd = socket_fd};
	int r = server__start(&server, config);

	if (r < 0) {
		/* The probe says it, as the reason why it does not start. */
		message__send_failed(socket_fd, r, server.error.message);
		return EXIT_FAILURE;
	}
	r = server__run(&server);
	return r < 0 && r != -EPIPE ? EXIT_FAILURE : EXIT_SUCCESS;
}
