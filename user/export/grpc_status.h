/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_GRPC_STATUS_H
#define SCOTTYSCOPE_EXPORT_GRPC_STATUS_H

/* The meaning of a gRPC status, by the OTLP specification, "OTLP/gRPC: Failures". */

#include <stddef.h>
#include <stdint.h>

#include "export/transport.h"

/* The end of a call, as the gRPC library reports it. */
struct export_grpc_status {
	int code;	     /* GRPC_STATUS_... */
	const uint8_t *text; /* not terminated; may hold any bytes */
	size_t text_size;
	const uint8_t *details; /* grpc-status-details-bin, a google.rpc.Status; NULL for none */
	size_t details_size;
};

/* Stores outcome, cause, delay and reason of a call that did not succeed. RESOURCE_EXHAUSTED is
 * retryable only with a RetryInfo in the details. Malformed details count as none. */
void export_grpc_status__read(const struct export_grpc_status *status,
			      struct export_result *ret_result);

#endif
