/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_ASSEMBLER_H
#define SCOTTYSCOPE_SPAN_ASSEMBLER_H

/* Converts records to spans: a request to a server span, by OpenTelemetry's semantic conventions
 * for HTTP spans (1.23 and later), and a session to a span of its own. */

#include "config/config.h"
#include "ring/ring.h"
#include "span/span.h"

/* Returns the template of a route by its hash. Valid until the next call. */
typedef const char *(*span_route_lookup)(void *context, uint64_t route);

struct span_assembler {
	struct span_batch *batch; /* receives the spans */
	span_route_lookup route_text;
	void *context; /* context of `route_text` */
	/* The server's address for clients, NULL if unknown; the text must outlive the spans. The
	 * port, of a connection whose socket is unknown, is 0 unless the server listens on one. */
	const char *server_address;
	uint16_t server_port;
	int64_t clock_offset_ns; /* realtime minus monotonic time */
	enum config_span_path path;
	bool has_client; /* spans have the client's address and port */
};

/* Adds a record's span to the batch. -ENOSPC when the batch is full. */
int span_assembler__add(const struct span_assembler *assembler, const struct ring_record *record);

#endif
