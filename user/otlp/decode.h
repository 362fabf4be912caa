/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_DECODE_H
#define SCOTTYSCOPE_OTLP_DECODE_H

/* From bytes that crossed the process boundary back to messages. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "otlp/messages.h"

/* Unpacks one ExportMetricsServiceRequest into `arena`, whose limit bounds what a hostile request
 * can take: on the wire, an empty submessage is two bytes. NULL for bytes that are no request (or
 * for want of memory), and for a histogram whose buckets do not match its bounds or whose scale is none: what comes back
 * can be read without further checks, except that any submessage may be absent. */
const pb_metrics_request *otlp_decode_metrics(struct arena *arena, const uint8_t *bytes,
					      size_t size);

/* Calls `visit` for each metric of all resources and scopes until it does not return 0; gives what
 * it returned last. */
typedef int (*otlp_metric_visitor)(void *context, const pb_metric *metric);
int otlp_for_each_metric(const pb_metrics_request *request, otlp_metric_visitor visit,
			 void *context);

/* The number of points of a metric; 0 for one without data or of a kind that is not ours. */
size_t otlp_point_count(const pb_metric *metric);

/* The number of points in a packed ExportMetricsServiceRequest, and of spans in a packed
 * ExportTraceServiceRequest, without unpacking them. Counting ends where bytes make no sense. */
uint64_t otlp_count_points(const uint8_t *bytes, size_t size);
uint64_t otlp_count_spans(const uint8_t *bytes, size_t size);

#endif
