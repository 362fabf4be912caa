/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_RECORD_H
#define SCOTTYSCOPE_SPAN_RECORD_H

#include "ring/ring.h"
#include "span/span.h"

/* What a span needs besides its record. */
struct span_scene {
	const char *route; /* a request's template, NULL where none matched */
	/* Where the server listens, as its clients reach it: NULL and 0 where that is not one. The text
	 * outlives the spans. */
	const char *server_address;
	uint16_t server_port;
	int64_t clock_offset_ns; /* turns monotonic times into realtime */
};

/* Adds the span that a record tells of: a request's server span, after OpenTelemetry's semantic
 * conventions for HTTP spans (1.23 and later), or a session's. -ENOSPC when the batch is full. */
int span_add_record(struct span_batch *batch, const struct ring_record *record,
		    const struct span_scene *scene);

#endif
