/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_COLLECTION_H
#define SCOTTYSCOPE_FRONT_COLLECTION_H

/* Collects snapshots of the agent for scrapes. Scrapes wait in the HTTP server's threads; the event
 * loop requests a snapshot and receives it. A scrape gets a snapshot that was requested after the
 * scrape began, never an older one.
 *
 * Each snapshot is that of one interval: since the reader's last snapshot. Scrapes of the same
 * interval that wait at the same time share a snapshot; the others get theirs one after another. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "prom/format.h"

/* The longest time that a scrape waits. */
#define COLLECTION_TIMEOUT_NS (2 * NS_PER_S)

/* The most snapshots that are still to be requested. A scrape above the limit joins the last one,
 * whose interval then begins at the earliest `since_ns` of its scrapes: a scrape may see a peak from
 * before its own interval, but never misses a peak. */
#define COLLECTION_BATCH_LIMIT 16

/* The rate of requests to the agent, where each snapshot costs CPU time, and the burst above it. Scrapes
 * above the rate wait for their turn, and those of one interval share a snapshot: a scrape never gets a
 * snapshot from before it. */
#define COLLECTION_INTERVAL_NS (NS_PER_S / 20)
#define COLLECTION_BURST       20

struct collection;

struct collection_counts {
	uint64_t answered; /* scrapes */
	uint64_t failed;
};

/* The answer to a scrape. */
struct collected {
	char *text; /* the exposition; the caller frees it */
	size_t size;
	uint64_t
		now_ns; /* when the snapshot was taken: the `since_ns` of the reader's next scrape */
};

/* The caller owns `*ret_collection`. -ENOMEM; errors of eventfd(). */
int collection__new(struct collection **ret_collection, struct error *error);
void collection__free(struct collection *collection);

/* From any thread: waits for a new snapshot of the interval since `since_ns` (of the agent's monotonic
 * clock; 0: since the start) and stores its exposition in `format`. -ETIMEDOUT; -ESHUTDOWN after
 * collection__close(); -EPROTO for a malformed snapshot; -EMSGSIZE for a snapshot that is too large;
 * -ENOMEM. */
int collection__wait(struct collection *collection, enum prom_format format, uint64_t since_ns,
		     struct collected *ret_collected);

/* From any thread: returns for how many ns the agent has not answered a request, if that is longer
 * than COLLECTION_TIMEOUT_NS; otherwise 0. */
uint64_t collection__overdue_ns(struct collection *collection);

/* From any thread. */
struct collection_counts collection__counts(struct collection *collection);

/* From any thread: fails all scrapes, present and future. */
void collection__close(struct collection *collection);

/* From the event loop only, like the functions below: returns a descriptor that becomes readable
 * when collection__next() has to be called. */
int collection__event_fd(const struct collection *collection);

/* Returns whether a snapshot has to be requested now, and stores its number and the begin of its
 * interval. */
bool collection__next(struct collection *collection, uint64_t *ret_sequence,
		      uint64_t *ret_since_ns);

/* Returns after which time collection__next() has to be called again because of the rate; 0: it need
 * not. */
uint64_t collection__delay_ns(struct collection *collection);

/* Adds a copy of one request to snapshot `sequence`. Ignores snapshots that were not requested. */
void collection__add(struct collection *collection, uint64_t sequence, const uint8_t *request,
		     size_t size);

/* Completes snapshot `sequence`, taken at `now_ns`: makes its expositions and wakes the scrapes that
 * wait for it. Ignores snapshots that were not requested. */
void collection__end(struct collection *collection, uint64_t sequence, uint64_t now_ns);

static inline void collection__freep(struct collection **collection)
{
	collection__free(*collection);
}

#endif
