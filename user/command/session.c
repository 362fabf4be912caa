// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "command/session.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "command/turns.h"
#include "ipc/reader.h"

/* How often the ring is looked at. At 100,000 requests/s half a ring of 8 MiB fills in 0.2 s, and
 * then it wakes us by itself. */
#define DRAIN_INTERVAL_NS (100 * NS_PER_MS)

/* A front that died is started again after this. */
#define RESTART_DELAY_NS (1 * NS_PER_S)

struct session {
	struct publisher *publisher;
	struct error *error;
	struct loop *loop;
	struct message_reader *frames;
	struct loop_source *front_socket;
	struct loop_source *front_process;
};

static int on_signal(void *context, int signal)
{
	struct session *session = context;

	log_debug("signal %d", signal);
	loop__stop(session->loop);
	return 0;
}

static int on_duration(void *context)
{
	struct session *session = context;

	loop__stop(session->loop);
	return 0;
}

static int on_target_end(void *context)
{
	struct session *session = context;

	log_info("process %d has ended", (int)session->publisher->subject->target->pid);
	session->publisher->target_is_up = false;
	loop__stop(session->loop);
	return 0;
}

static int on_drain(void *context)
{
	struct session *session = context;

	return publisher__drain(session->publisher, session->error);
}

static int on_app_sample(void *context)
{
	struct session *session = context;

	return publisher__sample_applications(session->publisher, session->error);
}

static int on_export(void *context);
static int on_front_end(void *context);
static int on_frame(void *context);

/* What goes to the front may find it dead: then it is started again, and nothing is lost but spans,
 * which are counted. Every other failure is ours. */
static int survive_front(struct session *session, int r)
{
	if (r != -EPIPE && r != -ECONNRESET && r != -EAGAIN)
		return r;
	log_debug("the front does not take its frames: %s", session->error->message);
	return 0;
}

static int on_export(void *context)
{
	struct session *session = context;

	return survive_front(session,
			     publisher__send_metrics(session->publisher, MESSAGE_FLAG_EXPORT, 0,
						     session->error));
}

static int on_spans(void *context)
{
	struct session *session = context;
	int r;

	r = publisher__drain(session->publisher, session->error);
	if (r >= 0)
		r = survive_front(session,
				  publisher__send_spans(session->publisher, session->error));
	return r;
}

/* Adds the counters of the front that runs to those of the fronts before it. */
static void add_statistics(struct publisher *publisher, const struct front_statistics *now)
{
	struct self_counters *counters = &publisher->counters;

	counters->front = publisher->ended_fronts.exporter;
	export_statistics__add(&counters->front, &now->exporter);
	counters->scrapes = publisher->ended_fronts.scrapes + now->scrapes;
	counters->scrape_failures = publisher->ended_fronts.scrape_failures + now->scrape_failures;
}

static int take_frame(struct session *session, const struct message *frame)
{
	struct publisher *publisher = session->publisher;
	struct front_statistics statistics;
	int r;

	switch (frame->header.kind) {
	case MESSAGE_STATISTICS:
		if (frame->header.payload_size != sizeof(statistics))
			return -EPROTO;
		memcpy(&statistics, frame->payload, sizeof(statistics));
		add_statistics(publisher, &statistics);
		return 0;
	case MESSAGE_TAKE_SNAPSHOT:
		r = publisher__send_metrics(publisher, MESSAGE_FLAG_SCRAPE, frame->header.sequence,
					    session->error);
		return survive_front(session, r);
	default:
		return -EPROTO;
	}
}

/* Starts watching the present front. */
static int watch_front(struct session *session)
{
	struct front *front = session->publisher->front;
	int r;

	message_reader__free(TAKE_PTR(session->frames));
	r = message_reader__new(&session->frames, session->error);
	if (r >= 0)
		r = loop__add_fd(session->loop, front__socket_fd(front), EPOLLIN, on_frame, session,
				 &session->front_socket, session->error);
	if (r >= 0)
		r = loop__add_fd(session->loop, front__pid_fd(front), EPOLLIN, on_front_end,
				 session, &session->front_process, session->error);
	return r;
}

static int restart_front(void *context)
{
	struct session *session = context;
	struct publisher *publisher = session->publisher;

	if (front__restart(publisher->front, session->error) < 0) {
		log_warning("the front cannot be started again yet: %s", session->error->message);
		return loop__add_timer(session->loop, RESTART_DELAY_NS, 0, restart_front, session,
				       NULL, session->error);
	}
	publisher->counters.front_restarts++;
	log_info("the front runs again");
	return watch_front(session);
}

static int lose_front(struct session *session)
{
	struct publisher *publisher = session->publisher;

	if (!session->front_socket)
		return 0;
	loop__remove(session->loop, TAKE_PTR(session->front_socket));
	loop__remove(session->loop, TAKE_PTR(session->front_process));
	publisher->ended_fronts.exporter = publisher->counters.front;
	publisher->ended_fronts.exporter.queue_bytes = 0;
	publisher->ended_fronts.scrapes = publisher->counters.scrapes;
	publisher->ended_fronts.scrape_failures = publisher->counters.scrape_failures;
	log_warning("the front has ended; it is started again");
	return loop__add_timer(session->loop, RESTART_DELAY_NS, 0, restart_front, session, NULL,
			       session->error);
}

static int on_front_end(void *context)
{
	return lose_front(context);
}

static int on_frame(void *context)
{
	struct session *session = context;
	int fd = front__socket_fd(session->publisher->front);
	struct message frame;
	int r;

	do {
		r = message_reader__next(session->frames, fd, &frame, session->error);
		if (r == 1)
			r = take_frame(session, &frame) < 0 ? -EPROTO : 1;
	} while (r == 1);
	/* A front that ends, or that says what makes no sense, is replaced. */
	return r < 0 ? lose_front(session) : 0;
}

void session__take_last_statistics(struct publisher *publisher)
{
	_cleanup_(message_reader__freep) struct message_reader *frames = NULL;
	struct session session = {.publisher = publisher};
	struct message frame;

	if (message_reader__new(&frames, NULL) < 0)
		return;
	while (message_reader__next(frames, front__socket_fd(publisher->front), &frame, NULL) ==
	       1) {
		if (frame.header.kind == MESSAGE_STATISTICS)
			take_frame(&session, &frame);
	}
}

static int watch_timers(struct session *session)
{
	const struct publisher *publisher = session->publisher;
	const struct config *config = publisher->config;
	int r = 0;

	if (config->duration_ns)
		r = loop__add_timer(session->loop, config->duration_ns, 0, on_duration, session,
				    NULL, session->error);
	if (r >= 0 && plan__has(publisher->subject->plan, INSTR_APPLICATIONS))
		r = loop__add_timer(session->loop, config->app_sample_ns, config->app_sample_ns,
				    on_app_sample, session, NULL, session->error);
	if (r >= 0 && config->otlp.metrics_target)
		r = loop__add_timer(session->loop, config->otlp.metric_interval_ns,
				    config->otlp.metric_interval_ns, on_export, session, NULL,
				    session->error);
	if (r >= 0 && config->otlp.traces_target) {
		r = loop__add_timer(session->loop, DRAIN_INTERVAL_NS, DRAIN_INTERVAL_NS, on_drain,
				    session, NULL, session->error);
		if (r >= 0)
			r = loop__add_timer(session->loop, config->otlp.span_delay_ns,
					    config->otlp.span_delay_ns, on_spans, session, NULL,
					    session->error);
		if (r >= 0)
			r = loop__add_fd(session->loop, ring__fd(publisher->ring), EPOLLIN,
					 on_drain, session, NULL, session->error);
	}
	return r;
}

static int watch(struct session *session)
{
	const struct publisher *publisher = session->publisher;
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	r = loop__add_signals(session->loop, &signals, on_signal, session, session->error);
	if (r >= 0)
		r = loop__add_fd(session->loop, publisher->subject->target->pid_fd, EPOLLIN,
				 on_target_end, session, NULL, session->error);
	if (r >= 0)
		r = watch_timers(session);
	if (r >= 0 && publisher->front)
		r = watch_front(session);
	return r;
}

int session__run(struct publisher *publisher, struct error *error)
{
	_cleanup_(loop__freep) struct loop *loop = NULL;
	struct session session = {.publisher = publisher, .error = error};
	struct turns *turns = NULL;
	int r = loop__new(&loop, error);

	if (r < 0)
		return r;
	/* One collection needs no time to pass unless one was given. */
	if (publisher->config->once && !publisher->config->duration_ns)
		return 0;
	session.loop = loop;
	r = watch(&session);
	if (r >= 0)
		r = turns__new(publisher, loop, &turns, error);
	if (r >= 0)
		r = loop__run(loop);
	turns__free(turns);
	message_reader__free(session.frames);
	return r;
}
