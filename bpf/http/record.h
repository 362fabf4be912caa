/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_RECORD_H
#define SCOTTYSCOPE_HTTP_RECORD_H

/* The record of a request. Both sides compile this file: user space makes the records of requests that
 * the target left open. */

#include "http/status.h"
#include "wire.h"

/* Fills a record of `size` bytes, without the tracestate. */
static inline __attribute__((always_inline)) void
http_fill_record(struct record_http_request *record, __u32 size,
		 const struct http_connection *connection, __u16 status, __u64 end_ns)
{
	record->header.kind = RECORD_HTTP_REQUEST;
	record->header.version = WIRE_VERSION;
	record->header.size = size;
	record->span = connection->span;
	record->end_ns = end_ns;
	record->route = request_route(connection);
	record->peer = connection->peer;
	record->status = status;
	record->url_path_length = connection->url_path_length;
	record->method = connection->method;
	record->method_length = connection->method_length;
	__builtin_memset(record->reserved, 0, sizeof(record->reserved));
	record->trace_state_length = 0;
	__builtin_memcpy(record->method_text, connection->method_text, sizeof(record->method_text));
	__builtin_memcpy(record->url_path, connection->url_path, sizeof(record->url_path));
}

#endif
