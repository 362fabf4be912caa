/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_OTLP_H
#define SCOTTYSCOPE_OTLP_OTLP_H

/* Encodes the model as OTLP requests. The process boundary, the collector and the scrape share this
 * format (opentelemetry-proto 1.x, services in collector/{metrics,trace}/v1). */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "metric/metric.h"
#include "span/span.h"

/* Maximum size of a request; encoders split larger ones. The collector's gRPC server refuses
 * messages above its limit, by default 4 MiB. */
#define OTLP_REQUEST_LIMIT_BYTES ((size_t)3 * 1024 * 1024)

struct otlp_resource_attribute {
	const char *key;
	const char *string; /* NULL: the value is an integer */
	int64_t integer;
};

struct otlp_resource {
	const struct otlp_resource_attribute *attributes;
	size_t attribute_count;
};

/* Called with one packed request, which is valid during the call only. A negative return ends the
 * encoding with the returned value. */
typedef int (*otlp_request_callback)(void *context, const uint8_t *request, size_t size);

/* Packs all points of `set` as cumulative ExportMetricsServiceRequests, in as few requests as the
 * limit allows. Several requests may share a metric's points. -ENOMEM, or the callback's error. */
int otlp_encode_metrics(const struct otlp_resource *resource, const struct metric_set *set,
			otlp_request_callback callback, void *context, struct error *error);

/* Packs the spans as ExportTraceServiceRequests, with the limit and the errors of
 * otlp_encode_metrics(). */
int otlp_encode_spans(const struct otlp_resource *resource, const struct span_batch *batch,
		      otlp_request_callback callback, void *context, struct error *error);

#endif
