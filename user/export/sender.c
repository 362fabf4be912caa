// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/sender.h"

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
#include "export/queue.h"

#define QUEUE_LIMIT_BYTES ((size_t)16 * 1024 * 1024)
#define EXPIRY_NS	  (300 * NS_PER_S)
#define BACKOFF_FIRST_NS  (500 * NS_PER_MS)
#define BACKOFF_MOST_NS	  (5 * NS_PER_S)

struct export_sender {
	const char *target;
	const struct export_transport *transport;
	struct export_client *client;
	pthread_t thread;
	bool is_running; /* the thread, which is not joined yet */

	pthread_mutex_t lock;	/* of the fields below */
	pthread_cond_t changed; /* any of them */
	struct export_queue queue;
	struct export_item *current; /* being sent, or waiting for its next attempt */
	bool is_superseded;	     /* `current` */
	bool in_call;
	bool is_draining;
	bool is_interrupted; /* the current call, by begin_drain(): ignore its failure */
	bool is_stopping;
	uint64_t backoff_ns;
	struct export_counts counts;
	char problem[512]; /* of the last attempt; empty: none */
	enum export_cause problem_cause;
};

static void count_expired(struct export_sender *sender, const struct export_drops *drops)
{
	sender->counts.requests_expired += drops->requests;
	sender->counts.items_expired += drops->items;
}

static void release_current(struct export_sender *sender)
{
	free(sender->current);
	sender->current = NULL;
	sender->is_superseded = false;
	sender->backoff_ns = 0;
	pthread_cond_broadcast(&sender->changed);
}

static void wait_until(struct export_sender *sender, uint64_t deadline_ns)
{
	const struct timespec time = {
		.tv_sec = (time_t)(deadline_ns / NS_PER_S),
		.tv_nsec = (long)(deadline_ns % NS_PER_S),
	};

	pthread_cond_timedwait(&sender->changed, &sender->lock, &time);
}

/* Returns the next delay: doubled up to a limit, and random in its upper half, so that the clients
 * of one collector do not retry at the same time. */
static uint64_t next_delay_ns(struct export_sender *sender)
{
	uint32_t random = 0;

	if (sender->backoff_ns == 0)
		sender->backoff_ns = BACKOFF_FIRST_NS;
	else if (sender->backoff_ns < BACKOFF_MOST_NS / 2)
		sender->backoff_ns *= 2;
	else
		sender->backoff_ns = BACKOFF_MOST_NS;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint32_t)clock_monotonic_ns();
	return sender->backoff_ns / 2 + sender->backoff_ns / 2 * random / UINT32_MAX;
}

/* Waits before the next attempt, for `least_ns` or longer. The wait ends early when `current` is
 * superseded, or when the sender must drain or stop. */
static void wait_to_retry(struct export_sender *sender, uint64_t least_ns)
{
	uint64_t delay_ns = next_delay_ns(sender);
	bool was_draining = sender->is_draining;
	uint64_t until_ns;

	if (least_ns > delay_ns)
		delay_ns = least_ns;
	until_ns = clock_monotonic_ns() + delay_ns;
	while (!sender->is_stopping && !sender->is_superseded &&
	       sender->is_draining == was_draining && clock_monotonic_ns() < until_ns)
		wait_until(sender, until_ns);
}

/* Drops `current` if another attempt is pointless; returns whether it did. */
static bool drop_stale(struct export_sender *sender)
{
	if (sender->is_superseded) {
		sender->counts.requests_superseded++;
		sender->counts.items_superseded += sender->current->items;
	} else if (clock_monotonic_ns() - sender->current->queued_ns > EXPIRY_NS) {
		sender->counts.requests_expired++;
		sender->counts.items_expired += sender->current->items;
	} else {
		return false;
	}
	release_current(sender);
	return true;
}

static void set_problem(struct export_sender *sender, const struct export_result *result)
{
	/* A call that waits for a connection ends by its time limit. The attempt before has the
	 * reason why there is no connection: keep that. */
	if (result->cause == EXPORT_CAUSE_TIME_OUT && sender->problem[0] != '\0')
		return;
	sender->problem_cause = result->cause;
	snprintf(sender->problem, sizeof(sender->problem), "%s: %s", sender->target,
		 result->reason);
}

/* Drops `current` and all queued requests as expired. */
static void drop_all(struct export_sender *sender)
{
	struct export_drops drops = {0};

	if (sender->current) {
		drops = (struct export_drops){1, sender->current->items};
		release_current(sender);
	}
	export_queue__clear(&sender->queue, &drops);
	count_expired(sender, &drops);
}

static void handle_failure(struct export_sender *sender, const struct export_result *result)
{
	bool had_problem = sender->problem[0] != '\0';

	set_problem(sender, result);
	if (result->outcome == EXPORT_REFUSED) {
		sender->counts.requests_refused++;
		sender->counts.items_refused += sender->current->items;
		release_current(sender);
		return;
	}
	if (sender->is_draining && had_problem) {
		drop_all(sender);
		return;
	}
	wait_to_retry(sender, result->retry_after_ns);
	if (sender->is_stopping || drop_stale(sender))
		return;
	sender->counts.requests_retried++;
}

/* Handles the result of an attempt to send `current`. */
static void handle_result(struct export_sender *sender, const struct export_result *result)
{
	if (result->outcome == EXPORT_DELIVERED) {
		sender->problem[0] = '\0';
		sender->counts.requests_sent++;
		sender->counts.items_sent += sender->current->items - result->rejected_items;
		sender->counts.items_rejected += result->rejected_items;
		release_current(sender);
	} else if (sender->is_interrupted) {
		sender->is_interrupted = false;
	} else if (!sender->is_stopping) {
		handle_failure(sender, result);
	}
}

/* Takes the oldest request that has not expired; false when the queue is empty. */
static bool take_next(struct export_sender *sender)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct export_drops drops = {0};

	if (now_ns > EXPIRY_NS)
		export_queue__expire(&sender->queue, now_ns - EXPIRY_NS, &drops);
	count_expired(sender, &drops);
	sender->current = export_queue__pop(&sender->queue);
	return sender->current != NULL;
}

static void *run_sender(void *context)
{
	struct export_sender *sender = context;

	pthread_mutex_lock(&sender->lock);
	while (!sender->is_stopping) {
		struct export_result result;
		struct export_item *item;
		bool wait_for_connection;

		if (!sender->current && !take_next(sender)) {
			pthread_cond_wait(&sender->changed, &sender->lock);
			continue;
		}
		item = sender->current;
		/* A call that does not wait reports the reason of its failure at once. A call that
		 * waits is served sooner once the collector is back. So only the first failure, and
		 * the last attempt, do not wait. */
		wait_for_connection = !sender->is_draining && sender->problem[0] != '\0' &&
				      sender->problem_cause == EXPORT_CAUSE_NO_CONNECTION;
		sender->in_call = true;
		pthread_mutex_unlock(&sender->lock);
		sender->transport->call(sender->client, item->bytes, item->size, item->items,
					wait_for_connection, &result);
		pthread_mutex_lock(&sender->lock);
		sender->in_call = false;
		handle_result(sender, &result);
	}
	pthread_mutex_unlock(&sender->lock);
	return NULL;
}

static int init_sync(struct export_sender *sender)
{
	pthread_condattr_t attributes;
	int r = pthread_mutex_init(&sender->lock, NULL);

	if (r != 0)
		return -r;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	r = pthread_cond_init(&sender->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return -r;
}

int export_sender__new(const struct config_otlp *config, enum export_signal signal,
		       const struct export_transport *transport, struct export_sender **ret_sender,
		       struct error *error)
{
	bool is_metrics = signal == EXPORT_METRICS;
	_cleanup_(export_sender__freep) struct export_sender *sender = calloc(1, sizeof(*sender));
	int r;

	if (!sender)
		return error_out_of_memory(error);
	sender->transport = transport;
	sender->target = is_metrics ? config->metrics_target : config->traces_target;
	sender->queue.limit_bytes = QUEUE_LIMIT_BYTES;
	sender->queue.limit_items = is_metrics ? UINT64_MAX : config->span_queue;
	r = init_sync(sender);
	if (r < 0)
		return error_set(error, r, "cannot create a lock: %m");
	r = transport->new_client(config, signal, &sender->client, error);
	if (r < 0)
		return r;
	r = -pthread_create(&sender->thread, NULL, run_sender, sender);
	if (r < 0)
		return error_set(error, r, "cannot start the export thread: %m");
	sender->is_running = true;
	*ret_sender = TAKE_PTR(sender);
	return 0;
}

void export_sender__queue(struct export_sender *sender, const uint8_t *request, size_t size,
			  uint64_t items)
{
	struct export_drops drops = {0};

	pthread_mutex_lock(&sender->lock);
	export_queue__push(&sender->queue, request, size, items, clock_monotonic_ns(), &drops);
	sender->counts.requests_queue_full += drops.requests;
	sender->counts.items_queue_full += drops.items;
	pthread_cond_broadcast(&sender->changed);
	pthread_mutex_unlock(&sender->lock);
}

void export_sender__supersede(struct export_sender *sender)
{
	struct export_drops drops = {0};

	pthread_mutex_lock(&sender->lock);
	export_queue__clear(&sender->queue, &drops);
	sender->counts.requests_superseded += drops.requests;
	sender->counts.items_superseded += drops.items;
	sender->is_superseded = sender->current != NULL;
	pthread_cond_broadcast(&sender->changed);
	pthread_mutex_unlock(&sender->lock);
}

void export_sender__begin_drain(struct export_sender *sender)
{
	bool is_waiting;

	pthread_mutex_lock(&sender->lock);
	sender->is_draining = true;
	is_waiting = sender->in_call && sender->problem[0] != '\0';
	sender->is_interrupted = is_waiting;
	pthread_cond_broadcast(&sender->changed);
	pthread_mutex_unlock(&sender->lock);
	if (is_waiting)
		sender->transport->cancel(sender->client, false);
}

/* Ends the thread and drops all requests that are left. */
static void stop(struct export_sender *sender)
{
	if (!sender->is_running)
		return;
	pthread_mutex_lock(&sender->lock);
	sender->is_stopping = true;
	pthread_cond_broadcast(&sender->changed);
	pthread_mutex_unlock(&sender->lock);
	sender->transport->cancel(sender->client, true);
	pthread_join(sender->thread, NULL);
	sender->is_running = false;
	drop_all(sender);
}

void export_sender__drain(struct export_sender *sender, uint64_t deadline_ns)
{
	pthread_mutex_lock(&sender->lock);
	while ((sender->current || sender->queue.first) && clock_monotonic_ns() < deadline_ns)
		wait_until(sender, deadline_ns);
	pthread_mutex_unlock(&sender->lock);
	stop(sender);
}

void export_sender__counts(struct export_sender *sender, struct export_counts *ret_counts)
{
	pthread_mutex_lock(&sender->lock);
	*ret_counts = sender->counts;
	ret_counts->queue_bytes =
		sender->queue.bytes + (sender->current ? sender->current->size : 0);
	pthread_mutex_unlock(&sender->lock);
}

bool export_sender__problem(struct export_sender *sender, char *reason, size_t reason_size)
{
	pthread_mutex_lock(&sender->lock);
	snprintf(reason, reason_size, "%s", sender->problem);
	pthread_mutex_unlock(&sender->lock);
	return reason[0] != '\0';
}

void export_sender__free(struct export_sender *sender)
{
	if (!sender)
		return;
	stop(sender);
	if (sender->client)
		sender->transport->free_client(sender->client);
	pthread_cond_destroy(&sender->changed);
	pthread_mutex_destroy(&sender->lock);
	free(sender);
}
