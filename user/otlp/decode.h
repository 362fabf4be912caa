/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_DECODE_H
#define SCOTTYSCOPE_OTLP_DECODE_H

/* Unpacks OTLP requests that crossed the process boundary. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "otlp/messages.h"

/* Unpacks one ExportMetricsServiceRequest into `arena`. The arena's limit bounds the memory that a
 * hostile request can use: an empty submessage takes two bytes on the wire. Returns NULL for
 * malformed bytes, for a histogram with a wrong number of buckets or an invalid scale, and when out
 * of memory. Readers of the result need no further checks, except that any submessage may be
 * absent. */
const pb_metrics_request *otlp_decode_metrics(struct arena *arena, const uint8_t *bytes,
					      size_t size);

/* Calls `visit` for each metric of all resources and scopes. Stops at a non-zero return and returns
 * the value. */
typedef int (*otlp_metric_visitor)(void *context, const pb_metric *metric);
int otlp_for_each_metric(const pb_metrics_request *request, otlp_metric_visitor visit,
			 void *context);

/* Returns the number of points of a metric; 0 without data or for unknown types of metrics. */
size_t otlp_point_count(const pb_metric *metric);

/* Returns the number of points in a packed ExportMetricsServiceRequest, or of spans in a packed
 * ExportTraceServiceRequest, without unpacking the request. Counting stops at malformed bytes. */
uint64_t otlp_count_points(const uint8_t *bytes, size_t size);
uint64_t otlp_count_spans(const uint8_t *bytes, size_t size);

#endif
