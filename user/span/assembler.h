/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_ASSEMBLER_H
#define SCOTTYSCOPE_SPAN_ASSEMBLER_H

/* Makes spans of records: a request's server span by OpenTelemetry's semantic conventions for HTTP
 * spans (1.23 and later), and the span of a session. */

#include "ring/ring.h"
#include "span/span.h"

/* The text of a route template by its hash. Valid until the next call. */
typedef const char *(*span_route_lookup)(void *context, uint64_t route);

struct span_assembler {
	struct span_batch *batch; /* spans go here */
	span_route_lookup route_text;
	void *context; /* of `route_text` */
	/* The server's address as clients reach it, NULL where unknown, and its port, 0 where it does not
	 * listen. The text must outlive the spans. */
	const char *server_address;
	uint16_t server_port;
	int64_t clock_offset_ns; /* turns monotonic time into realtime */
};

/* Adds the span of a record to the batch. -ENOSPC when the batch is full. */
int span_assembler__add(const struct span_assembler *assembler, const struct ring_record *record);

#endif
