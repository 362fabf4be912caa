/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_SPAN_H
#define SCOTTYSCOPE_SPAN_SPAN_H

/* Finished spans in a bounded batch, independent of any encoding. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "wire.h"

/* Limits of a span; further items are dropped and counted. The specification's default is 128 of
 * each, but the tool adds few, and the limits bound a batch's memory. */
#define SPAN_EVENT_LIMIT 16
#define SPAN_LINK_LIMIT	 8

/* A bit of the trace flags (W3C Trace Context). */
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

/* Constructed by span_string() and its siblings. A text is a constant or is in the
 * batch's arena. */
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

/* An event during a span. */
struct span_event {
	struct span_event *next;
	const char *name;
	uint64_t time_ns; /* realtime */
	struct span_attribute *attributes;
	size_t attribute_count;
};

/* A related span that is not the parent. */
struct span_link {
	struct span_link *next;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	const char *trace_state; /* NULL for none */
	uint8_t trace_flags;	 /* sampled by default */
	bool is_remote;		 /* the linked span is from another process */
	struct span_attribute *attributes;
	size_t attribute_count;
};

struct span {
	struct span *next;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_span_id[8]; /* all zero: a root span */
	const char *trace_state; /* W3C tracestate, checked by span_trace_state(); NULL for none */
	uint8_t trace_flags;	 /* sampled by default */
	bool parent_is_remote; /* the parent's id is from another process, such as from a traceparent */
	const char *name;
	enum span_kind kind;
	enum span_status status;
	const char *status_message; /* NULL for none */
	uint64_t start_ns;	    /* realtime */
	uint64_t end_ns;
	struct span_attribute *attributes;
	size_t attribute_count;
	size_t attribute_limit;
	struct span_event *events; /* in order of insertion */
	struct span_event *last_event;
	size_t event_count;
	struct span_link *links; /* in order of insertion */
	struct span_link *last_link;
	size_t link_count;
	uint32_t dropped_attributes; /* attributes beyond the limit */
	uint32_t dropped_events;
	uint32_t dropped_links;
};

/* Spans in the order of their ends, in an arena that the batch owns. */
struct span_batch {
	struct arena *arena;
	struct span *first;
	struct span *last;
	size_t count;
	size_t limit;
	/* Cache of the latest client's address and text (NULL: empty): successive spans often share
	 * a client. */
	struct socket_address client;
	const char *client_text;
};

/* Returns an empty batch of at most `limit` spans. NULL when out of memory. */
struct span_batch *span_batch__new(size_t limit);
void span_batch__free(struct span_batch *batch);
void span_batch__clear(struct span_batch *batch);

/* Adds a sampled span with capacity for `attribute_limit` attributes. The caller fills in the
 * attributes, with texts from the batch's arena. NULL when the batch is full or out of memory. */
struct span *span_batch__add(struct span_batch *batch, size_t attribute_limit);

/* Adds an attribute to a span of the batch, or counts the attribute as dropped if the span is
 * full. */
void span__add_attribute(struct span *span, struct span_attribute attribute);

/* Adds an event with a copy of `attributes` (but not of their texts) to a span of the batch. The
 * caller fills in name and time. If the span has SPAN_EVENT_LIMIT events or the batch is out of
 * memory, counts the event as dropped and returns NULL. */
struct span_event *span_batch__add_event(struct span_batch *batch, struct span *span,
					 const struct span_attribute *attributes,
					 size_t attribute_count);

/* Adds a sampled link with a copy of `attributes`, like span_batch__add_event(). The caller fills
 * in the ids. */
struct span_link *span_batch__add_link(struct span_batch *batch, struct span *span,
				       const struct span_attribute *attributes,
				       size_t attribute_count);

/* Returns a copy in `arena` of the first `length` bytes of `text` without white space around them,
 * if they are a valid tracestate by W3C Trace Context (level 2). NULL for an invalid tracestate,
 * which must be discarded without changing the traceparent; for an empty one; and when out of
 * memory. */
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
