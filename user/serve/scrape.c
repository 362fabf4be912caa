// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "serve/scrape.h"

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

/* Of the packed requests of one collection. */
#define COLLECTION_LIMIT_BYTES ((size_t)64 * 1024 * 1024)

/* An exposition in one of the formats. */
struct exposition {
	bool is_wanted; /* by a scrape that waits for the next collection */
	bool is_asked;	/* by a scrape that waits for the one under way */
	char *text;
	size_t size;
};

struct scrape {
	int event_fd;

	/* The loop's own: the requests of the collection under way. */
	struct prom_request *requests;
	size_t request_count;
	size_t request_bytes;
	int request_error;

	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t changed; /* `answered` or `is_closed` */
	uint64_t wanted;	/* the latest collection that somebody waits for */
	uint64_t asked;		/* the latest that the probe was asked for */
	uint64_t asked_ns;	/* monotonic */
	uint64_t answered;	/* the latest that came; `code` and the texts are its outcome */
	int code;
	struct exposition expositions[PROM_FORMAT_COUNT];
	bool is_closed;
	struct scrape_counts counts;
};

int scrape__new(struct scrape **ret_scrape, struct error *error)
{
	_cleanup_free_ struct scrape *scrape = calloc(1, sizeof(*scrape));
	pthread_condattr_t attributes;

	if (!scrape)
		return error_out_of_memory(error);
	scrape->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (scrape->event_fd < 0)
		return error_set(error, -errno, "cannot create an event descriptor: %m");
	pthread_mutex_init(&scrape->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&scrape->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	*ret_scrape = TAKE_PTR(scrape);
	return 0;
}

static void forget_requests(struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->request_count; i++)
		free((void *)(uintptr_t)scrape->requests[i].bytes);
	free(scrape->requests);
	scrape->requests = NULL;
	scrape->request_count = 0;
	scrape->request_bytes = 0;
	scrape->request_error = 0;
}

void scrape__free(struct scrape *scrape)
{
	if (!scrape)
		return;
	forget_requests(scrape);
	pthread_cond_destroy(&scrape->changed);
	pthread_mutex_destroy(&scrape->lock);
	close(scrape->event_fd);
	for (size_t i = 0; i < PROM_FORMAT_COUNT; i++)
		free(scrape->expositions[i].text);
	free(scrape);
}

/* Waits until collection `sequence` has come; called with the lock held. */
static int wait_for(struct scrape *scrape, uint64_t sequence)
{
	uint64_t until_ns = clock_monotonic_ns() + SCRAPE_TIMEOUT_NS;
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / NS_PER_S),
		.tv_nsec = (long)(until_ns % NS_PER_S),
	};

	while (!scrape->is_closed && scrape->answered < sequence) {
		if (pthread_cond_timedwait(&scrape->changed, &scrape->lock, &until) == ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return scrape->is_closed ? -ESHUTDOWN : scrape->code;
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

int scrape__wait(struct scrape *scrape, enum prom_format format, char **ret_text, size_t *ret_size)
{
	struct exposition *exposition = &scrape->expositions[format];
	uint64_t sequence;
	int r;

	pthread_mutex_lock(&scrape->lock);
	/* One that is under way may have read its values before this scrape came. */
	sequence = scrape->asked + 1;
	if (scrape->wanted < sequence) {
		scrape->wanted = sequence;
		eventfd_write(scrape->event_fd, 1);
	}
	exposition->is_wanted = true;
	r = wait_for(scrape, sequence);
	if (r == 0)
		r = copy_text(exposition, ret_text, ret_size);
	if (r == 0)
		scrape->counts.answered++;
	else
		scrape->counts.failed++;
	pthread_mutex_unlock(&scrape->lock);
	return r;
}

uint64_t scrape__overdue_ns(struct scrape *scrape)
{
	uint64_t waited_ns = 0;

	pthread_mutex_lock(&scrape->lock);
	if (scrape->answered < scrape->asked)
		waited_ns = clock_monotonic_ns() - scrape->asked_ns;
	pthread_mutex_unlock(&scrape->lock);
	return waited_ns > SCRAPE_TIMEOUT_NS ? waited_ns : 0;
}

int scrape__event_fd(const struct scrape *scrape)
{
	return scrape->event_fd;
}

/* Who waits for an answer that did not come may get the next one. */
static void ask_for(struct exposition *exposition, bool last_is_missing)
{
	exposition->is_asked = exposition->is_wanted || (last_is_missing && exposition->is_asked);
	exposition->is_wanted = false;
}

bool scrape__next(struct scrape *scrape, uint64_t *ret_sequence)
{
	uint64_t now_ns = clock_monotonic_ns();
	eventfd_t events;
	bool is_due;

	eventfd_read(scrape->event_fd, &events);
	pthread_mutex_lock(&scrape->lock);
	/* One at a time, unless the answer to the last is not going to come. */
	is_due = scrape->wanted > scrape->asked && (scrape->answered == scrape->asked ||
						    now_ns - scrape->asked_ns > SCRAPE_TIMEOUT_NS);
	if (is_due) {
		for (size_t i = 0; i < PROM_FORMAT_COUNT; i++)
			ask_for(&scrape->expositions[i], scrape->answered < scrape->asked);
		scrape->asked++;
		scrape->asked_ns = now_ns;
		*ret_sequence = scrape->asked;
	}
	pthread_mutex_unlock(&scrape->lock);
	if (is_due)
		forget_requests(scrape);
	return is_due;
}

void scrape__add(struct scrape *scrape, uint64_t sequence, const uint8_t *request, size_t size)
{
	struct prom_request *requests;
	uint8_t *copy;

	/* Only the loop changes `asked`: it may read it without the lock. */
	if (sequence != scrape->asked || scrape->request_error < 0)
		return;
	if (size > COLLECTION_LIMIT_BYTES - scrape->request_bytes) {
		scrape->request_error = -EMSGSIZE;
		return;
	}
	copy = malloc(size);
	requests = reallocarray(scrape->requests, scrape->request_count + 1, sizeof(*requests));
	if (requests)
		scrape->requests = requests;
	if (!requests || !copy) {
		free(copy);
		scrape->request_error = -ENOMEM;
		return;
	}
	memcpy(copy, request, size);
	requests[scrape->request_count++] = (struct prom_request){copy, size};
	scrape->request_bytes += size;
}

/* Makes the exposition of the requests at hand. */
static int print_requests(struct scrape *scrape, enum prom_format format, char **ret_text,
			  size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	int r;

	if (!stream)
		return -errno;
	r = prom_write_text(stream, format, scrape->requests, scrape->request_count, NULL);
	if (fclose(stream) != 0 && r == 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

/* Makes the expositions that are asked for; all are empty on an error. */
static int print_all(struct scrape *scrape, struct exposition *ret_expositions)
{
	int r = scrape->request_error;

	for (size_t i = 0; i < PROM_FORMAT_COUNT && r >= 0; i++) {
		/* Only the loop changes `is_asked`: the loop may read it without the lock. */
		if (scrape->expositions[i].is_asked)
			r = print_requests(scrape, (enum prom_format)i, &ret_expositions[i].text,
					   &ret_expositions[i].size);
	}
	for (size_t i = 0; i < PROM_FORMAT_COUNT && r < 0; i++) {
		free(ret_expositions[i].text);
		ret_expositions[i] = (struct exposition){false};
	}
	return r;
}

void scrape__end(struct scrape *scrape, uint64_t sequence)
{
	struct exposition printed[PROM_FORMAT_COUNT] = {false};
	int r;

	if (sequence != scrape->asked || sequence == scrape->answered)
		return;
	r = print_all(scrape, printed);
	forget_requests(scrape);

	pthread_mutex_lock(&scrape->lock);
	for (size_t i = 0; i < PROM_FORMAT_COUNT; i++) {
		free(scrape->expositions[i].text);
		scrape->expositions[i].text = printed[i].text;
		scrape->expositions[i].size = printed[i].size;
	}
	scrape->code = r;
	scrape->answered = sequence;
	pthread_cond_broadcast(&scrape->changed);
	pthread_mutex_unlock(&scrape->lock);
}

struct scrape_counts scrape__counts(struct scrape *scrape)
{
	struct scrape_counts counts;

	pthread_mutex_lock(&scrape->lock);
	counts = scrape->counts;
	pthread_mutex_unlock(&scrape->lock);
	return counts;
}

void scrape__close(struct scrape *scrape)
{
	pthread_mutex_lock(&scrape->lock);
	scrape->is_closed = true;
	pthread_cond_broadcast(&scrape->changed);
	pthread_mutex_unlock(&scrape->lock);
}
