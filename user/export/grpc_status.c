// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/grpc_status.h"

#include <ctype.h>
#include <grpc/status.h>
#include <stdio.h>
#include <string.h>

#include "rpc_status.pb-c.h"

#define RETRY_INFO_TYPE "type.googleapis.com/google.rpc.RetryInfo"

struct retry_info {
	bool is_present;
	uint64_t delay_ns;
};

/* Returns the delay in ns, bounded; 0 for none and for a negative one. */
static uint64_t delay_of(const Google__Rpc__Duration *delay)
{
	if (!delay || delay->seconds < 0 || delay->nanos < 0)
		return 0;
	if (delay->seconds >= (int64_t)(EXPORT_RETRY_LIMIT_NS / NS_PER_S) ||
	    delay->nanos >= (int32_t)NS_PER_S)
		return EXPORT_RETRY_LIMIT_NS;
	return (uint64_t)delay->seconds * NS_PER_S + (uint64_t)delay->nanos;
}

static struct retry_info parse_retry_info(const uint8_t *details, size_t size)
{
	struct retry_info info = {false};
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

static bool is_retryable(int code, const struct retry_info *retry_info)
{
	switch (code) {
	case GRPC_STATUS_CANCELLED:
	case GRPC_STATUS_DEADLINE_EXCEEDED:
	case GRPC_STATUS_ABORTED:
	case GRPC_STATUS_OUT_OF_RANGE:
	case GRPC_STATUS_UNAVAILABLE:
	case GRPC_STATUS_DATA_LOSS:
		return true;
	case GRPC_STATUS_RESOURCE_EXHAUSTED:
		return retry_info->is_present;
	default:
		return false;
	}
}

static enum export_cause cause_of(int code)
{
	switch (code) {
	case GRPC_STATUS_DEADLINE_EXCEEDED:
		return EXPORT_CAUSE_TIME_OUT;
	case GRPC_STATUS_UNAVAILABLE:
		return EXPORT_CAUSE_NO_CONNECTION;
	default:
		return EXPORT_CAUSE_OTHER;
	}
}

/* Writes the reason. The server's text may be shown on a terminal: only printable bytes remain. */
static void write_reason(const struct export_grpc_status *status, char *reason, size_t size)
{
	size_t length = (size_t)snprintf(reason, size, "gRPC status %d: ", status->code);

	for (size_t i = 0; i < status->text_size && length < size - 1; i++)
		reason[length++] = isprint(status->text[i]) ? (char)status->text[i] : '?';
	reason[length] = '\0';
}

void export_grpc_status__read(const struct export_grpc_status *status,
			      struct export_result *ret_result)
{
	struct retry_info retry_info = {false};

	if (status->details)
		retry_info = parse_retry_info(status->details, status->details_size);
	*ret_result = (struct export_result){
		.outcome = is_retryable(status->code, &retry_info) ? EXPORT_RETRY : EXPORT_REFUSED,
		.cause = cause_of(status->code),
		.retry_after_ns = retry_info.delay_ns,
	};
	write_reason(status, ret_result->reason, sizeof(ret_result->reason));
}
