/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_OTLP_H
#define SCOTTYSCOPE_OTLP_OTLP_H

/* From the model to OTLP requests: the one format for the process boundary, the collector and the
 * scrape. Layout after opentelemetry-proto 1.x, collector/{metrics,trace}/v1 services. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "metric/metric.h"
#include "span/span.h"

/* A request over this size is refused by the collector's gRPC server (its default limit is 4 MiB);
 * encoders split before it. */
#define OTLP_REQUEST_LIMIT_BYTES ((size_t)3 * 1024 * 1024)

struct otlp_resource_attribute {
	const char *key;
	const char *string; /* NULL: an integer */
	int64_t integer;
};

struct otlp_resource {
	const struct otlp_resource_attribute *attributes;
	size_t attribute_count;
};

/* Takes one packed request, which is valid during the call only. A negative return ends the
 * encoding with it. */
typedef int (*otlp_request_callback)(void *context, const uint8_t *request, size_t size);

/* Packs all points of `set` as ExportMetricsServiceRequests, cumulative, in as few requests as the
 * limit allows; a metric's points may be spread over several. -ENOMEM, or the callback's error. */
int otlp_encode_metrics(const struct otlp_resource *resource, const struct metric_set *set,
			otlp_request_callback callback, void *context, struct error *error);

/* The same for spans, as ExportTraceServiceRequests. */
int otlp_encode_spans(const struct otlp_resource *resource, const struct span_batch *batch,
		      otlp_request_callback callback, void *context, struct error *error);

#endif
