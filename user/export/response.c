// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/response.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "metrics_service.pb-c.h"
#include "rpc_status.pb-c.h"
#include "trace_service.pb-c.h"

#define RETRY_INFO_TYPE "type.googleapis.com/google.rpc.RetryInfo"

/* No server keeps a client waiting longer than this. */
#define RETRY_DELAY_LIMIT_S 300

typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceResponse metrics_response;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse trace_response;

static uint64_t delay_of(const Google__Rpc__Duration *delay)
{
	if (!delay || delay->seconds < 0 || delay->nanos < 0)
		return 0;
	if (delay->seconds >= RETRY_DELAY_LIMIT_S || delay->nanos >= (int32_t)NS_PER_S)
		return RETRY_DELAY_LIMIT_S * NS_PER_S;
	return (uint64_t)delay->seconds * NS_PER_S + (uint64_t)delay->nanos;
}

struct export_retry_info export_parse_retry_info(const uint8_t *details, size_t size)
{
	struct export_retry_info info = {false};
	Google__Rpc__Status *status = google__rpc__status__unpack(NULL, size, details);

	for (size_t i = 0; status && i < status->n_details && !info.is_present; i++) {
		const Google__Rpc__Any *any = status->details[i];
		Google__Rpc__RetryInfo *retry;

		if (strcmp(any->type_url, RETRY_INFO_TYPE) != 0)
			continue;
		retry = google__rpc__retry_info__unpack(NULL, any->value.len, any->value.data);
		if (!retry)
			continue;
		info.is_present = true;
		info.delay_ns = delay_of(retry->retry_delay);
		google__rpc__retry_info__free_unpacked(retry, NULL);
	}
	google__rpc__status__free_unpacked(status, NULL);
	return info;
}

bool export_is_retryable(int status, const struct export_retry_info *retry_info)
{
	switch (status) {
	case EXPORT_STATUS_CANCELLED:
	case EXPORT_STATUS_DEADLINE_EXCEEDED:
	case EXPORT_STATUS_ABORTED:
	case EXPORT_STATUS_OUT_OF_RANGE:
	case EXPORT_STATUS_UNAVAILABLE:
	case EXPORT_STATUS_DATA_LOSS:
		return true;
	case EXPORT_STATUS_RESOURCE_EXHAUSTED:
		return retry_info->is_present;
	default:
		return false;
	}
}

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
