/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_HTTP_H
#define SCOTTYSCOPE_SPAN_HTTP_H

#include "ring/ring.h"
#include "span/span.h"

/* Adds the server span of a finished request, after OpenTelemetry's semantic conventions for HTTP
 * spans (1.23 and later). `route` is its template, NULL where none matched; `clock_offset_ns` turns
 * monotonic times into realtime. -ENOSPC when the batch is full. */
int span_add_http_request(struct span_batch *batch, const struct ring_http_request *request,
			  const char *route, int64_t clock_offset_ns);

#endif
