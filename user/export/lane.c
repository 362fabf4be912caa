// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/lane.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "export/client.h"
#include "export/queue.h"

#define QUEUE_LIMIT_BYTES ((size_t)16 * 1024 * 1024)
#define EXPIRY_NS	  (300 * NS_PER_S)
#define BACKOFF_FIRST_NS  (500 * NS_PER_MS)
#define BACKOFF_MOST_NS	  (5 * NS_PER_S)

struct export_lane {
	const char *target;
	struct export_client *client;
	pthread_t thread;
	bool is_running; /* there is a thread to join */

	pthread_mutex_t lock;	/* of all that follows */
	pthread_cond_t changed; /* of any of it */
	struct export_queue queue;
	struct export_item *current; /* being sent, or waiting for its next attempt */
	bool is_superseded;	     /* `current` is of an older collection */
	bool is_draining;
	bool is_interrupted; /* by us: the call's failure means nothing */
	bool is_stopping;
	uint64_t backoff_ns;
	struct export_counts counts;
	char problem[384]; /* empty: none known */
	int problem_status;
};

static void count_expired(struct export_lane *lane, const struct export_drops *drops)
{
	lane->counts.requests_expired += drops->requests;
	lane->counts.items_expired += drops->items;
}

static void release_current(struct export_lane *lane)
{
	free(lane->current);
	lane->current = NULL;
	lane->is_superseded = false;
	lane->backoff_ns = 0;
	pthread_cond_broadcast(&lane->changed);
}

static void wait_until(struct export_lane *lane, uint64_t deadline_ns)
{
	const struct timespec time = {
		.tv_sec = (time_t)(deadline_ns / NS_PER_S),
		.tv_nsec = (long)(deadline_ns % NS_PER_S),
	};

	pthread_cond_timedwait(&lane->changed, &lane->lock, &time);
}

/* The next delay: it doubles up to a limit, and a random half of it keeps several clients of one
 * collector apart. */
static uint64_t next_delay_ns(struct export_lane *lane)
{
	uint32_t random = 0;

	if (lane->backoff_ns == 0)
		lane->backoff_ns = BACKOFF_FIRST_NS;
	else if (lane->backoff_ns < BACKOFF_MOST_NS / 2)
		lane->backoff_ns *= 2;
	else
		lane->backoff_ns = BACKOFF_MOST_NS;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint32_t)clock_monotonic_ns();
	return lane->backoff_ns / 2 + lane->backoff_ns / 2 * random / UINT32_MAX;
}

/* Waits before `current` is tried again; it may be superseded or expire meanwhile. */
static void wait_to_retry(struct export_lane *lane, const struct export_retry_info *retry_info)
{
	uint64_t delay_ns = next_delay_ns(lane);
	uint64_t until_ns;
	bool was_draining;

	if (retry_info->delay_ns > delay_ns)
		delay_ns = retry_info->delay_ns;
	until_ns = clock_monotonic_ns() + delay_ns;
	was_draining = lane->is_draining;
	while (!lane->is_stopping && !lane->is_superseded && lane->is_draining == was_draining &&
	       clock_monotonic_ns() < until_ns)
		wait_until(lane, until_ns);
}

/* Gives `current` up if it is too old to be worth another attempt. */
static bool give_up_stale(struct export_lane *lane)
{
	if (lane->is_superseded) {
		lane->counts.requests_superseded++;
		lane->counts.items_superseded += lane->current->items;
	} else if (clock_monotonic_ns() - lane->current->queued_ns > EXPIRY_NS) {
		lane->counts.requests_expired++;
		lane->counts.items_expired += lane->current->items;
	} else {
		return false;
	}
	release_current(lane);
	return true;
}

static void set_problem(struct export_lane *lane, const struct export_result *result)
{
	/* Once waiting for a connection runs into its time limit, why there is none was told
	 * before and is the better answer. */
	if (result->status == EXPORT_STATUS_DEADLINE_EXCEEDED && lane->problem[0] != '\0')
		return;
	lane->problem_status = result->status;
	snprintf(lane->problem, sizeof(lane->problem), "%s: gRPC status %d: %s", lane->target,
		 result->status, result->message);
}

/* Gives up `current` and all that is queued. */
static void give_up_all(struct export_lane *lane)
{
	struct export_drops drops = {0};

	if (lane->current) {
		drops = (struct export_drops){1, lane->current->items};
		release_current(lane);
	}
	export_queue__clear(&lane->queue, &drops);
	count_expired(lane, &drops);
}

static void settle_failure(struct export_lane *lane, const struct export_result *result)
{
	bool had_problem = lane->problem[0] != '\0';

	set_problem(lane, result);
	if (!export_is_retryable(result->status, &result->retry_info)) {
		lane->counts.requests_refused++;
		lane->counts.items_refused += lane->current->items;
		release_current(lane);
		return;
	}
	if (lane->is_draining && had_problem) {
		give_up_all(lane);
		return;
	}
	wait_to_retry(lane, &result->retry_info);
	if (lane->is_stopping || give_up_stale(lane))
		return;
	lane->counts.requests_retried++;
}

/* Draws the consequences of an attempt to send `current`. */
static void settle(struct export_lane *lane, const struct export_result *result)
{
	if (result->status == EXPORT_STATUS_OK) {
		lane->problem[0] = '\0';
		lane->counts.requests_sent++;
		lane->counts.items_sent += lane->current->items - result->rejected_items;
		lane->counts.items_rejected += result->rejected_items;
		release_current(lane);
	} else if (lane->is_interrupted) {
		lane->is_interrupted = false;
	} else if (!lane->is_stopping) {
		settle_failure(lane, result);
	}
}

/* Takes the next request out of the queue; false when there is none. */
static bool take_next(struct export_lane *lane)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct export_drops drops = {0};

	if (now_ns > EXPIRY_NS)
		export_queue__expire(&lane->queue, now_ns - EXPIRY_NS, &drops);
	count_expired(lane, &drops);
	lane->current = export_queue__pop(&lane->queue);
	return lane->current != NULL;
}

static void *run_lane(void *context)
{
	struct export_lane *lane = context;

	pthread_mutex_lock(&lane->lock);
	while (!lane->is_stopping) {
		struct export_result result;
		struct export_item *item;
		bool wait_for_ready;

		if (!lane->current && !take_next(lane)) {
			pthread_cond_wait(&lane->changed, &lane->lock);
			continue;
		}
		item = lane->current;
		/* A failure is to say why at once; but a collector known to be out of reach is
		 * waited for, which finds it sooner than trying does. */
		wait_for_ready = !lane->is_draining && lane->problem[0] != '\0' &&
				 lane->problem_status == EXPORT_STATUS_UNAVAILABLE;
		pthread_mutex_unlock(&lane->lock);
		export_client__call(lane->client, item->bytes, item->size, item->items,
				    wait_for_ready, &result);
		pthread_mutex_lock(&lane->lock);
		settle(lane, &result);
	}
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

static int init_sync(struct export_lane *lane)
{
	pthread_condattr_t attributes;
	int r = pthread_mutex_init(&lane->lock, NULL);

	if (r != 0)
		return -r;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	r = pthread_cond_init(&lane->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return -r;
}

int export_lane__new(const struct config_otlp *config, enum export_signal signal,
		     struct export_lane **ret_lane, struct error *error)
{
	bool is_metrics = signal == EXPORT_METRICS;
	_cleanup_(export_lane__freep) struct export_lane *lane = calloc(1, sizeof(*lane));
	int r;

	if (!lane)
		return error_out_of_memory(error);
	lane->target = is_metrics ? config->metrics_target : config->traces_target;
	lane->queue.limit_bytes = QUEUE_LIMIT_BYTES;
	lane->queue.limit_items = is_metrics ? UINT64_MAX : config->span_queue;
	r = init_sync(lane);
	if (r < 0)
		return error_set(error, r, "cannot make a lock: %m");
	r = export_client__new(config, signal, &lane->client, error);
	if (r < 0)
		return r;
	r = -pthread_create(&lane->thread, NULL, run_lane, lane);
	if (r < 0)
		return error_set(error, r, "cannot start a thread to export: %m");
	lane->is_running = true;
	*ret_lane = TAKE_PTR(lane);
	return 0;
}

void export_lane__queue(struct export_lane *lane, const uint8_t *request, size_t size,
			uint64_t items)
{
	struct export_drops drops = {0};

	pthread_mutex_lock(&lane->lock);
	export_queue__push(&lane->queue, request, size, items, clock_monotonic_ns(), &drops);
	lane->counts.requests_queue_full += drops.requests;
	lane->counts.items_queue_full += drops.items;
	pthread_cond_broadcast(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
}

void export_lane__supersede(struct export_lane *lane)
{
	struct export_drops drops = {0};

	pthread_mutex_lock(&lane->lock);
	export_queue__clear(&lane->queue, &drops);
	lane->counts.requests_superseded += drops.requests;
	lane->counts.items_superseded += drops.items;
	lane->is_superseded = lane->current != NULL;
	pthread_cond_broadcast(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
}

void export_lane__begin_drain(struct export_lane *lane)
{
	bool is_waiting;

	pthread_mutex_lock(&lane->lock);
	lane->is_draining = true;
	is_waiting = lane->current && lane->problem[0] != '\0';
	lane->is_interrupted = is_waiting;
	pthread_cond_broadcast(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
	if (is_waiting)
		export_client__interrupt(lane->client);
}

/* Ends the thread and gives up what it has left. */
static void stop(struct export_lane *lane)
{
	if (!lane->is_running)
		return;
	pthread_mutex_lock(&lane->lock);
	lane->is_stopping = true;
	pthread_cond_broadcast(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
	export_client__cancel(lane->client);
	pthread_join(lane->thread, NULL);
	lane->is_running = false;
	give_up_all(lane);
}

void export_lane__drain(struct export_lane *lane, uint64_t deadline_ns)
{
	pthread_mutex_lock(&lane->lock);
	while ((lane->current || lane->queue.first) && clock_monotonic_ns() < deadline_ns)
		wait_until(lane, deadline_ns);
	pthread_mutex_unlock(&lane->lock);
	stop(lane);
}

void export_lane__counts(struct export_lane *lane, struct export_counts *ret_counts)
{
	pthread_mutex_lock(&lane->lock);
	*ret_counts = lane->counts;
	ret_counts->queue_bytes = lane->queue.bytes + (lane->current ? lane->current->size : 0);
	pthread_mutex_unlock(&lane->lock);
}

bool export_lane__problem(struct export_lane *lane, char *reason, size_t reason_size)
{
	pthread_mutex_lock(&lane->lock);
	snprintf(reason, reason_size, "%s", lane->problem);
	pthread_mutex_unlock(&lane->lock);
	return reason[0] != '\0';
}

void export_lane__free(struct export_lane *lane)
{
	if (!lane)
		return;
	stop(lane);
	export_client__free(lane->client);
	pthread_cond_destroy(&lane->changed);
	pthread_mutex_destroy(&lane->lock);
	free(lane);
}
