/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SERVE_SCRAPE_H
#define SCOTTYSCOPE_SERVE_SCRAPE_H

/* Between the HTTP server's threads, which want an exposition, and the loop, which asks the probe
 * for a collection. A scrape gets a collection that was asked for after it came, never an older
 * one; scrapes that come while one is under way share the next. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "prom/format.h"

/* How long a scrape waits. */
#define SCRAPE_TIMEOUT_NS UINT64_C(2000000000)

struct scrape;

struct scrape_counts {
	uint64_t answered;
	uint64_t failed;
};

int scrape__new(struct scrape **ret_scrape, struct error *error);
void scrape__free(struct scrape *scrape);

/* From any thread: waits for a fresh exposition in `format`, which the caller frees. -ETIMEDOUT, or
 * why the collection failed. */
int scrape__wait(struct scrape *scrape, enum prom_format format, char **ret_text, size_t *ret_size);

/* From any thread: for how many ns the probe has owed an answer, if longer than a scrape waits;
 * else 0. */
uint64_t scrape__overdue_ns(struct scrape *scrape);

/* The rest is for the loop only. The descriptor is readable when scrape__next() is to be called. */
int scrape__event_fd(const struct scrape *scrape);

/* Whether a collection is to be asked for now, and its number. */
bool scrape__next(struct scrape *scrape, uint64_t *ret_sequence);

/* Takes a copy of one request of collection `sequence`; scrape__end() makes the exposition of all
 * and gives it to those who wait. What belongs to no collection that was asked for is ignored. */
void scrape__add(struct scrape *scrape, uint64_t sequence, const uint8_t *request, size_t size);
void scrape__end(struct scrape *scrape, uint64_t sequence);

struct scrape_counts scrape__counts(struct scrape *scrape);

/* Fails all scrapes, present and future. */
void scrape__close(struct scrape *scrape);

static inline void scrape__freep(struct scrape **scrape)
{
	scrape__free(*scrape);
}

#endif
