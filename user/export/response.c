// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/response.h"

#include "metrics_service.pb-c.h"
#include "trace_service.pb-c.h"

typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceResponse metrics_response;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse trace_response;

static int64_t rejected_points(const uint8_t *bytes, size_t size)
{
	metrics_response *response =
		opentelemetry__proto__collector__metrics__v1__export_metrics_service_response__unpack(
			NULL, size, bytes);
	int64_t rejected = 0;

	if (response && response->partial_success)
		rejected = response->partial_success->rejected_data_points;
	opentelemetry__proto__collector__metrics__v1__export_metrics_service_response__free_unpacked(
		response, NULL);
	return rejected;
}

static int64_t rejected_spans(const uint8_t *bytes, size_t size)
{
	trace_response *response =
		opentelemetry__proto__collector__trace__v1__export_trace_service_response__unpack(
			NULL, size, bytes);
	int64_t rejected = 0;

	if (response && response->partial_success)
		rejected = response->partial_success->rejected_spans;
	opentelemetry__proto__collector__trace__v1__export_trace_service_response__free_unpacked(
		response, NULL);
	return rejected;
}

uint64_t export_rejected_items(enum export_signal signal, const uint8_t *response, size_t size,
			       uint64_t items)
{
	int64_t rejected = signal == EXPORT_METRICS ? rejected_points(response, size)
						    : rejected_spans(response, size);

	if (rejected <= 0)
		return 0;
	return (uint64_t)rejected < items ? (uint64_t)rejected : items;
}
