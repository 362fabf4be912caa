/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_QUEUE_H
#define SCOTTYSCOPE_EXPORT_QUEUE_H

/* Packed requests that wait to be sent, oldest first, bounded in bytes and items. No locks. */

#include <stddef.h>
#include <stdint.h>

struct export_item {
	struct export_item *next;
	uint64_t queued_ns; /* monotonic */
	uint64_t items;	    /* points or spans in it */
	size_t size;
	uint8_t bytes[];
};

/* What was given up, by cause. */
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

/* Appends a copy of a request. What has to go for it, oldest first, is added to `drops`; so is the
 * request itself when it is larger than the limits or there is no memory. */
void export_queue__push(struct export_queue *queue, const uint8_t *bytes, size_t size,
			uint64_t items, uint64_t now_ns, struct export_drops *drops);

/* Takes the oldest out, for the caller to free(); NULL when empty. */
struct export_item *export_queue__pop(struct export_queue *queue);

/* Drops what was queued before `oldest_ns`. */
void export_queue__expire(struct export_queue *queue, uint64_t oldest_ns,
			  struct export_drops *drops);

/* Drops everything. */
void export_queue__clear(struct export_queue *queue, struct export_drops *drops);

#endif
