/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_QUEUE_H
#define SCOTTYSCOPE_EXPORT_QUEUE_H

/* A queue of packed requests, limited in bytes and items. The caller locks. */

#include <stddef.h>
#include <stdint.h>

struct export_item {
	struct export_item *next;
	uint64_t queued_ns; /* monotonic */
	uint64_t items;	    /* points or spans */
	size_t size;
	uint8_t bytes[];
};

/* Dropped requests and their items. */
struct export_drops {
	uint64_t requests;
	uint64_t items;
};

struct export_queue {
	struct export_item *first;
	struct export_item *last;
	size_t bytes;
	uint64_t items;
	size_t limit_bytes;
	uint64_t limit_items;
};

/* Appends a copy of a request. Drops the oldest requests that exceed the limits, and adds them to
 * `drops`. A request that alone exceeds a limit, or that finds no memory, is dropped itself. */
void export_queue__push(struct export_queue *queue, const uint8_t *bytes, size_t size,
			uint64_t items, uint64_t now_ns, struct export_drops *drops);

/* Removes and returns the oldest request, which the caller frees with free(); NULL when empty. */
struct export_item *export_queue__pop(struct export_queue *queue);

/* Drops the requests queued before `oldest_ns`, and adds them to `drops`. */
void export_queue__expire(struct export_queue *queue, uint64_t oldest_ns,
			  struct export_drops *drops);

/* Drops all requests, and adds them to `drops`. */
void export_queue__clear(struct export_queue *queue, struct export_drops *drops);

#endif
