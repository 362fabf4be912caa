/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_RESPONSE_H
#define SCOTTYSCOPE_EXPORT_RESPONSE_H

/* What a collector's answer means, after the OTLP specification. Bytes of strangers, checked. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/export.h"

/* gRPC status codes with a name here; others are permanent failures too. */
enum export_status {
	EXPORT_STATUS_OK = 0,
	EXPORT_STATUS_CANCELLED = 1,
	EXPORT_STATUS_DEADLINE_EXCEEDED = 4,
	EXPORT_STATUS_RESOURCE_EXHAUSTED = 8,
	EXPORT_STATUS_ABORTED = 10,
	EXPORT_STATUS_OUT_OF_RANGE = 11,
	EXPORT_STATUS_UNAVAILABLE = 14,
	EXPORT_STATUS_DATA_LOSS = 15,
};

/* What `grpc-status-details-bin` says of trying again. */
struct export_retry_info {
	bool is_present;
	uint64_t delay_ns;
};

struct export_retry_info export_parse_retry_info(const uint8_t *details, size_t size);

/* Whether a call that ended so may be tried again: RESOURCE_EXHAUSTED only if the server says how
 * long to wait for its recovery. */
bool export_is_retryable(int status, const struct export_retry_info *retry_info);

/* How many of `items` a successful response's partial_success rejects; 0 for a response that cannot
 * be read. */
uint64_t export_rejected_items(enum export_signal signal, const uint8_t *response, size_t size,
			       uint64_t items);

#endif
