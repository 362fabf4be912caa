// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/main.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "export/exporter.h"
#include "front/problem_log.h"
#include "front/routes.h"
#include "front/statistics.h"
#include "ipc/reader.h"
#include "otlp/decode.h"
#include "web/server.h"

#define TICK_NS (1 * NS_PER_S)

struct server {
	int socket_fd; /* to the agent */
	struct loop *loop;
	struct message_reader *reader;
	struct exporter *exporter;
	struct front_context pages; /* with the collection of snapshots for scrapes */
	struct web_server *web;	    /* NULL: no HTTP */
	struct loop_source *request_timer;
	struct front_statistics last_sent;
	bool in_snapshot; /* the last message for the exporter was not the end of a snapshot */
	struct problem_log problems[EXPORT_SIGNAL_COUNT];
	struct error error; /* of the callback that ended the loop */
};

/* Sends the statistics to the agent if they have changed. */
static int send_statistics(struct server *server)
{
	struct collection_counts scrapes = collection__counts(server->pages.collection);
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

/* Requests the next snapshot when the rate allows that, if a scrape waits. */
static int schedule_request(struct server *server)
{
	uint64_t delay_ns = collection__delay_ns(server->pages.collection);
	int r = delay_ns > 0 ? loop__set_timer(server->request_timer, delay_ns, 0) : 0;

	return r < 0 ? error_set(&server->error, r, "cannot set a timer: %m") : 0;
}

/* Requests a snapshot if a scrape waits for one. */
static int request_snapshot(struct server *server)
{
	uint64_t sequence, since_ns;
	int r;

	if (!collection__next(server->pages.collection, &sequence, &since_ns))
		return schedule_request(server);
	/* Before the request, so that the snapshot has the current statistics. */
	r = send_statistics(server);
	if (r < 0)
		return r;
	return message__send(server->socket_fd, MESSAGE_TAKE_SNAPSHOT, 0, sequence, &since_ns,
			     sizeof(since_ns), &server->error);
}

static int on_scrape(void *context)
{
	return request_snapshot(context);
}

static void report_problem(const char *name, const char *reason, uint64_t untold)
{
	char more[64] = "";

	if (untold > 0)
		snprintf(more, sizeof(more), " (%llu changes since the last line)",
			 (unsigned long long)untold);
	if (reason[0])
		log_warning("cannot export %s to %s%s", name, reason, more);
	else
		log_info("%s are exported again%s", name, more);
}

/* Logs when the export of a signal starts to fail, and when it works again. */
static void report_problems(struct server *server)
{
	static const char *const names[EXPORT_SIGNAL_COUNT] = {
		[EXPORT_METRICS] = "metrics",
		[EXPORT_SPANS] = "traces",
	};

	uint64_t now_ns = clock_monotonic_ns();

	for (unsigned int signal = 0; signal < EXPORT_SIGNAL_COUNT; signal++) {
		uint64_t untold;
		char reason[512];
		bool has_problem =
			exporter__problem(server->exporter, signal, reason, sizeof(reason));

		if (problem_log__update(&server->problems[signal], has_problem, now_ns, &untold))
			report_problem(names[signal], reason, untold);
	}
}

static int on_tick(void *context)
{
	struct server *server = context;
	int r;

	report_problems(server);
	if (server->web)
		web_server__expire(server->web);
	r = request_snapshot(server);
	return r < 0 ? r : send_statistics(server);
}

static void handle_metrics(struct server *server, const struct message *message)
{
	const uint8_t *request = message->payload;
	size_t size = message->header.payload_size;

	if (message->header.flags & MESSAGE_FLAG_SCRAPE)
		collection__add(server->pages.collection, message->header.sequence, request, size);
	if (!(message->header.flags & MESSAGE_FLAG_EXPORT))
		return;
	if (!server->in_snapshot)
		exporter__new_snapshot(server->exporter);
	server->in_snapshot = true;
	exporter__queue(server->exporter, EXPORT_METRICS, request, size,
			otlp_count_points(request, size));
}

static int handle_metrics_end(struct server *server, const struct message *message)
{
	uint64_t now_ns;

	if (message->header.flags & MESSAGE_FLAG_EXPORT)
		server->in_snapshot = false;
	if (!(message->header.flags & MESSAGE_FLAG_SCRAPE))
		return 0;
	memcpy(&now_ns, message->payload, sizeof(now_ns));
	collection__end(server->pages.collection, message->header.sequence, now_ns);
	return request_snapshot(server);
}

static int handle_message(struct server *server, const struct message *message)
{
	switch (message->header.kind) {
	case MESSAGE_METRICS:
		handle_metrics(server, message);
		return 0;
	case MESSAGE_METRICS_END:
		return handle_metrics_end(server, message);
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
		r = handle_message(server, &message);
		if (r < 0 || message.header.kind == MESSAGE_STOP)
			return r;
	}
	return r;
}

static int add_sources(struct server *server)
{
	struct error *error = &server->error;
	int r = loop__add_fd(server->loop, server->socket_fd, EPOLLIN, on_message, server, NULL,
			     error);

	if (r < 0)
		return r;
	r = loop__add_fd(server->loop, collection__event_fd(server->pages.collection), EPOLLIN,
			 on_scrape, server, NULL, error);
	if (r < 0)
		return r;
	r = loop__add_timer(server->loop, 0, 0, on_scrape, server, &server->request_timer, error);
	if (r < 0)
		return r;
	return loop__add_timer(server->loop, TICK_NS, TICK_NS, on_tick, server, NULL, error);
}

static int server__start(struct server *server, const struct config *config)
{
	struct error *error = &server->error;
	int r = loop__new(&server->loop, error);

	if (r < 0)
		return r;
	r = message_reader__new(&server->reader, error);
	if (r < 0)
		return r;
	r = collection__new(&server->pages.collection, error);
	if (r < 0)
		return r;
	r = exporter__new(&config->otlp, &server->exporter, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(server->problems); i++)
		problem_log__init(&server->problems[i]);
	if (config->listen_host) {
		r = web_server__new(config->listen_host, config->listen_port, config->allowed_host,
				    &front_routes, &server->pages, &server->web, error);
		if (r < 0)
			return r;
	}
	return add_sources(server);
}

static void server__done(struct server *server)
{
	/* The HTTP server waits for its threads, which wait for snapshots. */
	if (server->pages.collection)
		collection__close(server->pages.collection);
	web_server__free(server->web);
	exporter__free(server->exporter);
	collection__free(server->pages.collection);
	message_reader__free(server->reader);
	loop__free(server->loop);
}

/* Returns 0 also when the agent has ended: then nothing is left to do. */
static int server__run(struct server *server)
{
	uint16_t port = server->web ? web_server__port(server->web) : 0;
	int r = message__send(server->socket_fd, MESSAGE_READY, 0, 0, &port, sizeof(port),
			      &server->error);

	if (r == 0)
		r = loop__run(server->loop);
	return r == -EPIPE ? 0 : r;
}

int front_main(const struct config *config, int socket_fd)
{
	_cleanup_(server__done) struct server server = {
		.socket_fd = socket_fd,
		.pages.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	int r = server__start(&server, config);

	if (r < 0) {
		/* The agent reports this as the reason why it does not start. */
		message__send_failed(socket_fd, r, server.error.message);
		return EXIT_FAILURE;
	}
	r = server__run(&server);
	if (r < 0) {
		log_error("the unprivileged process ends: %s", server.error.message);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
