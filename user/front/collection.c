// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/collection.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/token_bucket.h"
#include "front/received.h"

/* An exposition in one of the formats. */
struct exposition {
	bool is_wanted; /* by a scrape of the batch */
	char *text;
	size_t size;
};

/* The scrapes that share a snapshot. A batch is pending, then requested, then done. The collection has
 * the pending batches and the requested one. The scrapes of a batch that is done wake later than the
 * next batch begins, so the results are in the batch; the last of its scrapes frees it. */
struct batch {
	struct batch *next; /* of the pending batches */
	uint64_t since_ns;
	size_t scrapes; /* that still wait */
	bool is_done;	/* and has the fields below */
	int code;
	uint64_t now_ns;
	struct exposition expositions[PROM_FORMAT_COUNT];
};

struct collection {
	int event_fd;
	struct received received; /* of the requested batch; only the loop uses it */

	pthread_mutex_t lock;	      /* of the fields below */
	pthread_cond_t changed;	      /* a batch is done, or `is_closed` */
	struct batch *pending;	      /* the first is requested next; all have scrapes */
	struct batch *requested;      /* or NULL; only the loop changes it */
	uint64_t sequence;	      /* of the last request; only the loop changes it */
	uint64_t requested_ns;	      /* when that was; monotonic */
	struct token_bucket requests; /* only the loop uses it */
	bool is_closed;
	struct collection_counts counts;
};

int collection__new(struct collection **ret_collection, struct error *error)
{
	_cleanup_free_ struct collection *collection = calloc(1, sizeof(*collection));
	pthread_condattr_t attributes;

	if (!collection)
		return error_out_of_memory(error);
	collection->requests = (struct token_bucket){
		.interval_ns = COLLECTION_INTERVAL_NS,
		.burst = COLLECTION_BURST,
	};
	collection->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (collection->event_fd < 0)
		return error_set(error, -errno, "cannot create an event descriptor: %m");
	pthread_mutex_init(&collection->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&collection->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	*ret_collection = TAKE_PTR(collection);
	return 0;
}

static void batch__free(struct batch *batch)
{
	for (size_t i = 0; batch && i < PROM_FORMAT_COUNT; i++)
		free(batch->expositions[i].text);
	free(batch);
}

/* No scrape waits any more, so that no batch is pending. */
void collection__free(struct collection *collection)
{
	if (!collection)
		return;
	received__clear(&collection->received);
	batch__free(collection->requested);
	pthread_cond_destroy(&collection->changed);
	pthread_mutex_destroy(&collection->lock);
	close(collection->event_fd);
	free(collection);
}

/* Returns a pending batch of the interval; NULL without memory. Called with the lock held, like the
 * functions below. */
static struct batch *find_pending(struct collection *collection, uint64_t since_ns)
{
	struct batch **end = &collection->pending;
	struct batch *last = NULL;
	size_t count = 0;

	for (; *end; end = &(*end)->next) {
		last = *end;
		if (last->since_ns == since_ns)
			return last;
		count++;
	}
	if (last && count >= COLLECTION_BATCH_LIMIT) {
		if (since_ns < last->since_ns)
			last->since_ns = since_ns;
		return last;
	}
	*end = calloc(1, sizeof(**end));
	if (*end)
		(*end)->since_ns = since_ns;
	return *end;
}

static int wait_for(struct collection *collection, const struct batch *batch)
{
	uint64_t until_ns = clock_monotonic_ns() + COLLECTION_TIMEOUT_NS;
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / NS_PER_S),
		.tv_nsec = (long)(until_ns % NS_PER_S),
	};

	while (!collection->is_closed && !batch->is_done) {
		if (pthread_cond_timedwait(&collection->changed, &collection->lock, &until) ==
		    ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return collection->is_closed ? -ESHUTDOWN : batch->code;
}

static int copy_result(const struct batch *batch, enum prom_format format,
		       struct collected *ret_collected)
{
	const struct exposition *exposition = &batch->expositions[format];
	char *copy = malloc(exposition->size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, exposition->text, exposition->size);
	*ret_collected = (struct collected){copy, exposition->size, batch->now_ns};
	return 0;
}

/* A scrape leaves its batch. A pending batch without a scrape is not requested. */
static void leave(struct collection *collection, struct batch *batch)
{
	if (--batch->scrapes > 0 || batch == collection->requested)
		return;
	for (struct batch **link = &collection->pending; *link; link = &(*link)->next) {
		if (*link == batch) {
			*link = batch->next;
			break;
		}
	}
	batch__free(batch);
}

static int wait_locked(struct collection *collection, enum prom_format format, uint64_t since_ns,
		       struct collected *ret_collected)
{
	/* The requested snapshot may have values from before this scrape. */
	struct batch *batch = find_pending(collection, since_ns);
	int r;

	if (!batch)
		return -ENOMEM;
	batch->scrapes++;
	batch->expositions[format].is_wanted = true;
	eventfd_write(collection->event_fd, 1);
	r = wait_for(collection, batch);
	if (r == 0)
		r = copy_result(batch, format, ret_collected);
	leave(collection, batch);
	return r;
}

int collection__wait(struct collection *collection, enum prom_format format, uint64_t since_ns,
		     struct collected *ret_collected)
{
	int r;

	pthread_mutex_lock(&collection->lock);
	r = wait_locked(collection, format, since_ns, ret_collected);
	if (r == 0)
		collection->counts.answered++;
	else
		collection->counts.failed++;
	pthread_mutex_unlock(&collection->lock);
	return r;
}

uint64_t collection__overdue_ns(struct collection *collection)
{
	uint64_t waited_ns = 0;

	pthread_mutex_lock(&collection->lock);
	if (collection->requested)
		waited_ns = clock_monotonic_ns() - collection->requested_ns;
	pthread_mutex_unlock(&collection->lock);
	return waited_ns > COLLECTION_TIMEOUT_NS ? waited_ns : 0;
}

int collection__event_fd(const struct collection *collection)
{
	return collection->event_fd;
}

/* Ends the requested batch, if there is one, with its result. */
static void finish_requested(struct collection *collection, int code, uint64_t now_ns)
{
	struct batch *batch = TAKE_PTR(collection->requested);

	if (!batch)
		return;
	batch->is_done = true;
	batch->code = code;
	batch->now_ns = now_ns;
	pthread_cond_broadcast(&collection->changed);
	if (batch->scrapes == 0)
		batch__free(batch);
}

/* Returns whether a batch waits, and none is requested or the last answer is overdue. Called with the
 * lock held. */
static bool is_due(const struct collection *collection, uint64_t now_ns)
{
	return collection->pending && (!collection->requested ||
				       now_ns - collection->requested_ns > COLLECTION_TIMEOUT_NS);
}

uint64_t collection__delay_ns(struct collection *collection)
{
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t delay_ns = 0;

	pthread_mutex_lock(&collection->lock);
	if (is_due(collection, now_ns))
		delay_ns = token_bucket__delay_ns(&collection->requests, now_ns);
	pthread_mutex_unlock(&collection->lock);
	return delay_ns;
}

bool collection__next(struct collection *collection, uint64_t *ret_sequence, uint64_t *ret_since_ns)
{
	uint64_t now_ns = clock_monotonic_ns();
	eventfd_t events;
	bool is_next;

	eventfd_read(collection->event_fd, &events);
	pthread_mutex_lock(&collection->lock);
	is_next = is_due(collection, now_ns) && token_bucket__take(&collection->requests, now_ns);
	if (is_next) {
		finish_requested(collection, -ETIMEDOUT, 0);
		collection->requested = collection->pending;
		collection->pending = collection->pending->next;
		collection->requested_ns = now_ns;
		*ret_sequence = ++collection->sequence;
		*ret_since_ns = collection->requested->since_ns;
	}
	pthread_mutex_unlock(&collection->lock);
	if (is_next)
		received__clear(&collection->received);
	return is_next;
}

/* Only the loop changes these fields, so that it reads them without the lock. */
static bool is_requested(const struct collection *collection, uint64_t sequence)
{
	return collection->requested && collection->sequence == sequence;
}

void collection__add(struct collection *collection, uint64_t sequence, const uint8_t *request,
		     size_t size)
{
	if (is_requested(collection, sequence))
		received__add(&collection->received, request, size);
}

/* Makes the expositions that the scrapes of the requested batch want; no scrape joins it any more, and
 * none reads the expositions before the batch is done. */
static int print_requested(struct collection *collection)
{
	int r = collection->received.code;

	for (size_t i = 0; i < PROM_FORMAT_COUNT && r >= 0; i++) {
		struct exposition *exposition = &collection->requested->expositions[i];

		if (exposition->is_wanted)
			r = received__print(&collection->received, (enum prom_format)i,
					    &exposition->text, &exposition->size);
	}
	return r;
}

void collection__end(struct collection *collection, uint64_t sequence, uint64_t now_ns)
{
	int r;

	if (!is_requested(collection, sequence))
		return;
	r = print_requested(collection);
	received__clear(&collection->received);
	pthread_mutex_lock(&collection->lock);
	finish_requested(collection, r, now_ns);
	pthread_mutex_unlock(&collection->lock);
}

struct collection_counts collection__counts(struct collection *collection)
{
	struct collection_counts counts;

	pthread_mutex_lock(&collection->lock);
	counts = collection->counts;
	pthread_mutex_unlock(&collection->lock);
	return counts;
}

void collection__close(struct collection *collection)
{
	pthread_mutex_lock(&collection->lock);
	collection->is_closed = true;
	pthread_cond_broadcast(&collection->changed);
	pthread_mutex_unlock(&collection->lock);
}
