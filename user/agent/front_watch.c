// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/front_watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/token_bucket.h"
#include "front/statistics.h"

/* A front that died is started again after a delay, which doubles for each front that did not live for
 * LIFE_NS. */
#define RESTART_FIRST_NS (1 * NS_PER_S)
#define RESTART_MOST_NS	 (60 * NS_PER_S)
#define LIFE_NS		 (60 * NS_PER_S)

/* Messages of one turn of the loop; then other events have their turn. */
#define MESSAGES_A_TURN 16

/* A front requests up to 20 snapshots a second (front/collection.c), each with a message of
 * statistics, and sends statistics once a second. */
#define SNAPSHOT_INTERVAL_NS (NS_PER_S / 25)
#define SNAPSHOT_BURST	     30
#define MESSAGE_INTERVAL_NS  (NS_PER_S / 100)
#define MESSAGE_BURST	     200

/* Failed snapshots that are logged. */
#define FAILURE_INTERVAL_NS (10 * NS_PER_S)

struct front_watch {
	struct front *front;
	struct self_counters *counters;
	front_watch_answer answer;
	void *context;
	struct loop *loop; /* NULL: not started */
	struct error *error;
	struct loop_source *socket; /* NULL: paused, or no front runs */
	struct loop_source *process;
	struct loop_source *start;	 /* a front that starts */
	struct loop_source *pause_timer; /* reads on */
	struct loop_source *restart_timer;
	uint64_t restart_delay_ns;
	uint64_t started_ns; /* of the present front; monotonic */
	struct token_bucket messages;
	struct token_bucket snapshots;
	struct token_bucket failures;
	bool is_asked; /* for a snapshot that is not taken yet */
	uint64_t sequence, since_ns;
	struct front_statistics before; /* sums of all fronts before the present one */
	struct front_statistics present;
};

int front_watch__new(struct front *front, struct self_counters *counters, front_watch_answer answer,
		     void *context, struct front_watch **ret_watch, struct error *error)
{
	struct front_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return error_out_of_memory(error);
	*watch = (struct front_watch){
		.front = front,
		.counters = counters,
		.answer = answer,
		.context = context,
		.restart_delay_ns = RESTART_FIRST_NS,
		.messages = {.interval_ns = MESSAGE_INTERVAL_NS, .burst = MESSAGE_BURST},
		.snapshots = {.interval_ns = SNAPSHOT_INTERVAL_NS, .burst = SNAPSHOT_BURST},
		.failures = {.interval_ns = FAILURE_INTERVAL_NS, .burst = 1},
	};
	*ret_watch = watch;
	return 0;
}

void front_watch__free(struct front_watch *watch)
{
	free(watch);
}

static void update_counters(struct front_watch *watch)
{
	const struct front_statistics sum = front_statistics__sum(&watch->before, &watch->present);
	struct self_counters *counters = watch->counters;

	counters->exporter = sum.exporter;
	counters->scrapes = sum.scrapes;
	counters->scrape_failures = sum.scrape_failures;
}

static int handle_statistics(struct front_watch *watch, const struct message *message)
{
	struct front_statistics received;

	if (message->header.payload_size != sizeof(received))
		return -EPROTO;
	memcpy(&received, message->payload, sizeof(received));
	front_statistics__raise(&watch->present, &received);
	update_counters(watch);
	return 0;
}

static void remove_source(struct front_watch *watch, struct loop_source **source)
{
	if (*source)
		loop__remove(watch->loop, TAKE_PTR(*source));
}

static int set_timer(struct front_watch *watch, struct loop_source *timer, uint64_t delay_ns)
{
	/* A timer of 0 would be a stopped one. */
	int r = loop__set_timer(timer, delay_ns ? delay_ns : 1, 0);

	return r < 0 ? error_set(watch->error, r, "cannot set a timer: %m") : 0;
}

/* Reads on after the delay. The front waits meanwhile, once the socket is full. */
static int pause_reading(struct front_watch *watch, uint64_t delay_ns)
{
	remove_source(watch, &watch->socket);
	return set_timer(watch, watch->pause_timer, delay_ns);
}

static int schedule_restart(struct front_watch *watch)
{
	uint64_t delay_ns = watch->restart_delay_ns;

	watch->restart_delay_ns *= 2;
	if (watch->restart_delay_ns > RESTART_MOST_NS)
		watch->restart_delay_ns = RESTART_MOST_NS;
	return set_timer(watch, watch->restart_timer, delay_ns);
}

/* The front has ended, or sent what no front sends. */
static int replace_front(struct front_watch *watch)
{
	remove_source(watch, &watch->socket);
	remove_source(watch, &watch->process);
	loop__set_timer(watch->pause_timer, 0, 0);
	watch->is_asked = false;
	watch->before = front_statistics__sum(&watch->before, &watch->present);
	watch->before.exporter.queue_bytes = 0;
	watch->present = (struct front_statistics){0};
	if (clock_monotonic_ns() - watch->started_ns >= LIFE_NS)
		watch->restart_delay_ns = RESTART_FIRST_NS;
	log_warning("the front has ended; starting another one in %.0f s",
		    (double)watch->restart_delay_ns / (double)NS_PER_S);
	return schedule_restart(watch);
}

/* Answers the request for a snapshot, if the front may have one now. Returns whether the next message
 * may be read. */
static int answer_request(struct front_watch *watch)
{
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t delay_ns = token_bucket__delay_ns(&watch->snapshots, now_ns);
	struct error error = {0};
	int r;

	if (delay_ns > 0) {
		r = pause_reading(watch, delay_ns);
		return r < 0 ? r : 0;
	}
	token_bucket__take(&watch->snapshots, now_ns);
	watch->is_asked = false;
	r = watch->answer(watch->context, watch->sequence, watch->since_ns, &error);
	/* The scrape that waits fails after its time limit. */
	if (r < 0 && token_bucket__take(&watch->failures, now_ns))
		log_warning("no snapshot for /metrics: %s", error.message);
	return 1;
}

/* Returns 1 if the next message may be read, 0 if not now. -EPROTO for what no front sends. */
static int handle_message(struct front_watch *watch, const struct message *message)
{
	int r;

	switch (message->header.kind) {
	case MESSAGE_STATISTICS:
		r = handle_statistics(watch, message);
		return r < 0 ? r : 1;
	case MESSAGE_TAKE_SNAPSHOT:
		watch->is_asked = true;
		watch->sequence = message->header.sequence;
		memcpy(&watch->since_ns, message->payload, sizeof(watch->since_ns));
		return answer_request(watch);
	default:
		return -EPROTO;
	}
}

static int on_message(void *context)
{
	struct front_watch *watch = context;

	for (int i = 0; i < MESSAGES_A_TURN; i++) {
		uint64_t now_ns = clock_monotonic_ns();
		uint64_t delay_ns = token_bucket__delay_ns(&watch->messages, now_ns);
		struct message message;
		struct error error;
		int r;

		if (delay_ns > 0)
			return pause_reading(watch, delay_ns);
		r = front__next_message(watch->front, &message, &error);
		/* A part of a message costs as much: a front could send each byte alone. */
		if (r > 0 || i == 0)
			token_bucket__take(&watch->messages, now_ns);
		if (r == 0)
			return 0;
		if (r > 0)
			r = handle_message(watch, &message);
		if (r == 0)
			return 0;
		if (r < 0)
			return replace_front(watch);
	}
	/* Messages that were received already do not make the socket readable. */
	return pause_reading(watch, 0);
}

static int watch_socket(struct front_watch *watch)
{
	return loop__add_fd(watch->loop, front__socket_fd(watch->front), EPOLLIN, on_message, watch,
			    &watch->socket, watch->error);
}

static int on_pause_end(void *context)
{
	struct front_watch *watch = context;
	int r = watch_socket(watch);

	if (r < 0)
		return r;
	if (watch->is_asked) {
		r = answer_request(watch);
		if (r <= 0)
			return r;
	}
	return on_message(watch);
}

static int on_front_end(void *context)
{
	return replace_front(context);
}

static int watch_front(struct front_watch *watch)
{
	int r = watch_socket(watch);

	if (r < 0)
		return r;
	watch->started_ns = clock_monotonic_ns();
	return loop__add_fd(watch->loop, front__pid_fd(watch->front), EPOLLIN, on_front_end, watch,
			    &watch->process, watch->error);
}

static int on_start_progress(void *context);

/* Waits for the next step of the start, and for its time limit. */
static int watch_start(struct front_watch *watch)
{
	int r = loop__add_fd(watch->loop, front__start_fd(watch->front), EPOLLIN, on_start_progress,
			     watch, &watch->start, watch->error);

	return r < 0 ? r : set_timer(watch, watch->restart_timer, FRONT_START_LIMIT_NS);
}

static int restart_failed(struct front_watch *watch, const struct error *error)
{
	log_warning("the front cannot be started again; next attempt in %.0f s: %s",
		    (double)watch->restart_delay_ns / (double)NS_PER_S, error->message);
	return schedule_restart(watch);
}

static int on_start_progress(void *context)
{
	struct front_watch *watch = context;
	struct error error;
	int r = front__proceed(watch->front, &error);

	remove_source(watch, &watch->start);
	if (r < 0)
		return restart_failed(watch, &error);
	if (r == 0)
		return watch_start(watch);
	loop__set_timer(watch->restart_timer, 0, 0);
	watch->counters->front_restarts++;
	log_info("the front runs again");
	return watch_front(watch);
}

/* The delay before a restart, or the time limit of a start, is over. */
static int on_restart_timer(void *context)
{
	struct front_watch *watch = context;
	struct error error;

	if (watch->start)
		return on_start_progress(watch);
	if (front__begin(watch->front, &error) < 0)
		return restart_failed(watch, &error);
	return watch_start(watch);
}

static int on_log(void *context)
{
	struct front_watch *watch = context;

	front__read_log(watch->front);
	return 0;
}

int front_watch__start(struct front_watch *watch, struct loop *loop, struct error *error)
{
	int r;

	watch->loop = loop;
	watch->error = error;
	r = loop__add_timer(loop, 0, 0, on_pause_end, watch, &watch->pause_timer, error);
	if (r < 0)
		return r;
	r = loop__add_timer(loop, 0, 0, on_restart_timer, watch, &watch->restart_timer, error);
	if (r < 0)
		return r;
	r = loop__add_fd(loop, front__log_fd(watch->front), EPOLLIN, on_log, watch, NULL, error);
	return r < 0 ? r : watch_front(watch);
}

bool front_watch__has_front(const struct front_watch *watch)
{
	return watch->process;
}

/* A front that was stopped, and may be in the hands of an attacker, sends no more than this. */
#define LAST_MESSAGES 1000

void front_watch__finish(struct front_watch *watch)
{
	struct message message;
	struct error error;

	for (int i = 0;
	     i < LAST_MESSAGES && front__next_message(watch->front, &message, &error) == 1; i++) {
		if (message.header.kind == MESSAGE_STATISTICS)
			handle_statistics(watch, &message);
	}
	front__flush_log(watch->front);
}
