// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/collection.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "prom/text.h"

/* The packed requests of one snapshot. */
#define SNAPSHOT_LIMIT_BYTES ((size_t)64 * 1024 * 1024)

/* An exposition in one of the formats. */
struct exposition {
	bool is_wanted;	   /* by a scrape that waits for the next snapshot */
	bool is_requested; /* by a scrape that waits for the requested snapshot */
	char *text;
	size_t size;
};

struct collection {
	int event_fd;

	/* Only the loop uses these: the requests of the snapshot being received. */
	struct prom_request *requests;
	size_t request_count;
	size_t request_bytes;
	int request_error;

	pthread_mutex_t lock;	/* of the fields below */
	pthread_cond_t changed; /* `answered` or `is_closed` */
	uint64_t wanted;	/* the last snapshot that a scrape waits for */
	uint64_t requested;	/* the last that was requested from the probe */
	uint64_t requested_ns;	/* monotonic */
	uint64_t answered;	/* the last that was completed, with `code` and the expositions */
	int code;
	struct exposition expositions[PROM_FORMAT_COUNT];
	bool is_closed;
	struct collection_counts counts;
};

int collection__new(struct collection **ret_collection, struct error *error)
{
	_cleanup_free_ struct collection *collection = calloc(1, sizeof(*collection));
	pthread_condattr_t attributes;

	if (!collection)
		return error_out_of_memory(error);
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

static void forget_requests(struct collection *collection)
{
	for (size_t i = 0; i < collection->request_count; i++)
		free((void *)(uintptr_t)collection->requests[i].bytes);
	free(collection->requests);
	collection->requests = NULL;
	collection->request_count = 0;
	collection->request_bytes = 0;
	collection->request_error = 0;
}

void collection__free(struct collection *collection)
{
	if (!collection)
		return;
	forget_requests(collection);
	pthread_cond_destroy(&collection->changed);
	pthread_mutex_destroy(&collection->lock);
	close(collection->event_fd);
	for (size_t i = 0; i < PROM_FORMAT_COUNT; i++)
		free(collection->expositions[i].text);
	free(collection);
}

/* Waits until snapshot `sequence` is completed; called with the lock held. */
static int wait_for(struct collection *collection, uint64_t sequence)
{
	uint64_t until_ns = clock_monotonic_ns() + COLLECTION_TIMEOUT_NS;
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / NS_PER_S),
		.tv_nsec = (long)(until_ns % NS_PER_S),
	};

	while (!collection->is_closed && collection->answered < sequence) {
		if (pthread_cond_timedwait(&collection->changed, &collection->lock, &until) ==
		    ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return collection->is_closed ? -ESHUTDOWN : collection->code;
}

static int copy_text(const struct exposition *exposition, char **ret_text, size_t *ret_size)
{
	char *copy = malloc(exposition->size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, exposition->text, exposition->size);
	*ret_text = copy;
	*ret_size = exposition->size;
	return 0;
}

int collection__wait(struct collection *collection, enum prom_format format, char **ret_text,
		     size_t *ret_size)
{
	struct exposition *exposition = &collection->expositions[format];
	uint64_t sequence;
	int r;

	pthread_mutex_lock(&collection->lock);
	/* The requested snapshot may hold values from before this scrape. */
	sequence = collection->requested + 1;
	if (collection->wanted < sequence) {
		collection->wanted = sequence;
		eventfd_write(collection->event_fd, 1);
	}
	exposition->is_wanted = true;
	r = wait_for(collection, sequence);
	if (r == 0)
		r = copy_text(exposition, ret_text, ret_size);
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
	if (collection->answered < collection->requested)
		waited_ns = clock_monotonic_ns() - collection->requested_ns;
	pthread_mutex_unlock(&collection->lock);
	return waited_ns > COLLECTION_TIMEOUT_NS ? waited_ns : 0;
}

int collection__event_fd(const struct collection *collection)
{
	return collection->event_fd;
}

/* Scrapes that wait for an answer that is missing get the next one. */
static void request_for(struct exposition *exposition, bool last_is_missing)
{
	exposition->is_requested =
		exposition->is_wanted || (last_is_missing && exposition->is_requested);
	exposition->is_wanted = false;
}

bool collection__next(struct collection *collection, uint64_t *ret_sequence)
{
	uint64_t now_ns = clock_monotonic_ns();
	eventfd_t events;
	bool is_due;

	eventfd_read(collection->event_fd, &events);
	pthread_mutex_lock(&collection->lock);
	/* One at a time, unless the last answer is overdue. */
	is_due = collection->wanted > collection->requested &&
		 (collection->answered == collection->requested ||
		  now_ns - collection->requested_ns > COLLECTION_TIMEOUT_NS);
	if (is_due) {
		for (size_t i = 0; i < PROM_FORMAT_COUNT; i++)
			request_for(&collection->expositions[i],
				    collection->answered < collection->requested);
		collection->requested++;
		collection->requested_ns = now_ns;
		*ret_sequence = collection->requested;
	}
	pthread_mutex_unlock(&collection->lock);
	if (is_due)
		forget_requests(collection);
	return is_due;
}

void collection__add(struct collection *collection, uint64_t sequence, const uint8_t *request,
		     size_t size)
{
	struct prom_request *requests;
	uint8_t *copy;

	/* Only the loop changes `requested`, so that it reads it without the lock. */
	if (sequence != collection->requested || collection->request_error < 0)
		return;
	if (size > SNAPSHOT_LIMIT_BYTES - collection->request_bytes) {
		collection->request_error = -EMSGSIZE;
		return;
	}
	copy = malloc(size);
	requests = reallocarray(collection->requests, collection->request_count + 1,
				sizeof(*requests));
	if (requests)
		collection->requests = requests;
	if (!requests || !copy) {
		free(copy);
		collection->request_error = -ENOMEM;
		return;
	}
	memcpy(copy, request, size);
	requests[collection->request_count++] = (struct prom_request){copy, size};
	collection->request_bytes += size;
}

/* Makes one exposition of the snapshot. */
static int print_requests(struct collection *collection, enum prom_format format, char **ret_text,
			  size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	int r;

	if (!stream)
		return -errno;
	r = prom_write_text(stream, format, collection->requests, collection->request_count, NULL);
	if (fclose(stream) != 0 && r == 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

/* Makes the expositions that scrapes wait for; none on an error. */
static int print_all(struct collection *collection, struct exposition *ret_expositions)
{
	int r = collection->request_error;

	for (size_t i = 0; i < PROM_FORMAT_COUNT && r >= 0; i++) {
		/* Only the loop changes `is_requested`, so that it reads it without the lock. */
		if (collection->expositions[i].is_requested)
			r = print_requests(collection, (enum prom_format)i,
					   &ret_expositions[i].text, &ret_expositions[i].size);
	}
	for (size_t i = 0; i < PROM_FORMAT_COUNT && r < 0; i++) {
		free(ret_expositions[i].text);
		ret_expositions[i] = (struct exposition){false};
	}
	return r;
}

void collection__end(struct collection *collection, uint64_t sequence)
{
	struct exposition printed[PROM_FORMAT_COUNT] = {false};
	int r;

	if (sequence != collection->requested || sequence == collection->answered)
		return;
	r = print_all(collection, printed);
	forget_requests(collection);

	pthread_mutex_lock(&collection->lock);
	for (size_t i = 0; i < PROM_FORMAT_COUNT; i++) {
		free(collection->expositions[i].text);
		collection->expositions[i].text = printed[i].text;
		collection->expositions[i].size = printed[i].size;
	}
	collection->code = r;
	collection->answered = sequence;
	pthread_cond_broadcast(&collection->changed);
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
