/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_SPAN_H
#define SCOTTYSCOPE_SPAN_SPAN_H

/* A finished span, and a bounded batch of them. Knows no encoding. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "wire.h"

/* What one span holds at most; further ones are dropped and counted in it. The specification's
 * default is 128 of each, but those that we make are few, and a batch's memory is bounded. */
#define SPAN_EVENT_LIMIT 16
#define SPAN_LINK_LIMIT	 8

/* Of the trace flags (W3C Trace Context). */
#define TRACE_FLAG_SAMPLED 1

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
	SPAN_ATTRIBUTE_REAL,
	SPAN_ATTRIBUTE_BOOLEAN,
};

/* Made by span_string() and its kin. Texts live as long as the batch: constants, or in its
 * arena. */
struct span_attribute {
	const char *key;
	enum span_attribute_kind kind;
	union {
		const char *string;
		int64_t integer;
		double real;
		bool boolean;
	};
};

/* Something that happened during a span. */
struct span_event {
	struct span_event *next;
	const char *name;
	uint64_t time_ns; /* realtime */
	struct span_attribute *attributes;
	size_t attribute_count;
};

/* Another span that this one is related to but is no child of. */
struct span_link {
	struct span_link *next;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	const char *trace_state; /* NULL for none */
	uint8_t trace_flags;	 /* sampled unless the caller says otherwise */
	bool is_remote;		 /* made in another process */
	struct span_attribute *attributes;
	size_t attribute_count;
};

struct span {
	struct span *next;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_span_id[8]; /* all zero: a root span */
	const char *trace_state;   /* W3C tracestate, NULL for none: span_trace_state() */
	uint8_t trace_flags;	   /* sampled unless the caller says otherwise */
	bool parent_is_remote;	   /* its id came from another process, as by traceparent */
	const char *name;
	enum span_kind kind;
	enum span_status status;
	const char *status_message; /* NULL for none */
	uint64_t start_ns;	    /* realtime */
	uint64_t end_ns;
	struct span_attribute *attributes;
	size_t attribute_count;
	size_t attribute_limit;
	struct span_event *events; /* in the order they were added */
	struct span_event *last_event;
	size_t event_count;
	struct span_link *links; /* in the order they were added */
	struct span_link *last_link;
	size_t link_count;
	uint32_t dropped_attributes; /* did not fit */
	uint32_t dropped_events;
	uint32_t dropped_links;
};

/* Spans in the order they ended, in an arena that the batch owns. */
struct span_batch {
	struct arena *arena;
	struct span *first;
	struct span *last;
	size_t count;
	size_t limit;
	/* The latest client's address and its text, NULL for none yet: mostly the next one's too. */
	struct socket_address client;
	const char *client_text;
};

/* An empty batch of at most `limit` spans. NULL when out of memory. */
struct span_batch *span_batch__new(size_t limit);
void span_batch__free(struct span_batch *batch);
void span_batch__clear(struct span_batch *batch);

/* Adds a sampled span without attributes but with room for `attribute_limit` of them, to be filled
 * by the caller with texts of the batch's arena. NULL when the batch is full or out of memory. */
struct span *span_batch__add(struct span_batch *batch, size_t attribute_limit);

/* Adds an attribute to a span of the batch, or counts it as dropped where there is no room. */
void span__add_attribute(struct span *span, struct span_attribute attribute);

/* Adds an event with a copy of these attributes (but not of their texts) to a span of the batch.
 * The caller fills its name and time. NULL when the span has SPAN_EVENT_LIMIT of them or the batch
 * is out of memory: the event is then counted as dropped. */
struct span_event *span_batch__add_event(struct span_batch *batch, struct span *span,
					 const struct span_attribute *attributes,
					 size_t attribute_count);

/* The same for a sampled link: the caller fills its ids. */
struct span_link *span_batch__add_link(struct span_batch *batch, struct span *span,
				       const struct span_attribute *attributes,
				       size_t attribute_count);

/* A copy in `arena` of the first `length` bytes of `text` if they are a tracestate by W3C Trace
 * Context (level 2), without the white space around it. NULL for one that is not, which has to be
 * discarded without touching the traceparent, for an empty one, and when out of memory. */
const char *span_trace_state(struct arena *arena, const char *text, size_t length);

static inline struct span_attribute span_string(const char *key, const char *value)
{
	return (struct span_attribute){.key = key, .kind = SPAN_ATTRIBUTE_STRING, .string = value};
}

static inline struct span_attribute span_integer(const char *key, int64_t value)
{
	return (struct span_attribute){
		.key = key, .kind = SPAN_ATTRIBUTE_INTEGER, .integer = value};
}

static inline struct span_attribute span_real(const char *key, double value)
{
	return (struct span_attribute){.key = key, .kind = SPAN_ATTRIBUTE_REAL, .real = value};
}

static inline struct span_attribute span_boolean(const char *key, bool value)
{
	return (struct span_attribute){
		.key = key, .kind = SPAN_ATTRIBUTE_BOOLEAN, .boolean = value};
}

#endif
