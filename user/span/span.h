/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_SPAN_H
#define SCOTTYSCOPE_SPAN_SPAN_H

/* A finished span, and a bounded batch of them. Knows no encoding. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum span_kind {
	SPAN_INTERNAL,
	SPAN_SERVER,
};

enum span_status {
	SPAN_STATUS_UNSET,
	SPAN_STATUS_OK,
	SPAN_STATUS_ERROR,
};

enum span_attribute_kind {
	SPAN_ATTRIBUTE_STRING,
	SPAN_ATTRIBUTE_INTEGER,
};

struct span_attribute {
	const char *key;
	enum span_attribute_kind kind;
	union {
		const char *string;
		int64_t integer;
	};
};

struct span {
	struct span *next;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_span_id[8]; /* all zero: a root span */
	const char *trace_state;   /* W3C tracestate, NULL for none */
	const char *name;
	enum span_kind kind;
	enum span_status status;
	const char *status_message; /* NULL for none */
	uint64_t start_ns;	    /* realtime */
	uint64_t end_ns;
	struct span_attribute *attributes;
	size_t attribute_count;
};

/* Spans in the order they ended, in an arena that the batch owns. */
struct span_batch {
	struct arena *arena;
	struct span *first;
	struct span *last;
	size_t count;
	size_t limit;
};

/* An empty batch of at most `limit` spans. NULL when out of memory. */
struct span_batch *span_batch__new(size_t limit);
void span_batch__free(struct span_batch *batch);
void span_batch__clear(struct span_batch *batch);

/* Adds a span with room for `attribute_count` attributes, to be filled by the caller with texts of
 * the batch's arena. NULL when the batch is full or out of memory. */
struct span *span_batch__add(struct span_batch *batch, size_t attribute_count);

/* Random ids, never all zero (W3C Trace Context). */
void span_new_ids(uint8_t trace_id[16], uint8_t span_id[8]);

#endif
