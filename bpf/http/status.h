/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_STATUS_H
#define SCOTTYSCOPE_HTTP_STATUS_H

/* Rules for status codes and label sets. Both sides compile this file. */

#include "http/types.h"

/* Whether a number can be a status code (RFC 9110 section 15). */
static inline __attribute__((always_inline)) _Bool status_is_plausible(__u16 status)
{
	return status >= 100 && status <= 999;
}

/* The status that hyper sends for the status of a handler's response. hyper sends 500 in the place of
 * an informational status; 101 is sent (Server::encode in hyper/src/proto/h1/role.rs, hyper 1.8 to
 * 1.12). hyper changes no other status. */
static inline __attribute__((always_inline)) __u16 status_hyper_sends(__u16 status)
{
	return status >= 100 && status < 200 && status != 101 ? 500 : status;
}

/* The route of the connection's current request: as matched in the connection's task or, if nothing
 * was matched there, in a task that the request was handed to. */
static inline __attribute__((always_inline)) __u64
request_route(const struct http_connection *connection)
{
	if (connection->route == ROUTE_UNMATCHED && connection->start_ns &&
	    connection->linked.start_ns == connection->start_ns)
		return connection->linked.route;
	return connection->route;
}

/* The label set of the connection's current request with this status. */
static inline __attribute__((always_inline)) struct http_key
http_key_of(const struct http_connection *connection, __u16 status)
{
	struct http_key key = {.route = request_route(connection), .status = status};

	/* A template without room for its text is counted with all others of its kind. */
	if (key.route == ROUTE_OVERFLOW)
		key.status = 0;
	else
		key.method = connection->method;
	return key;
}

/* The status of a response whose written text was not compared: aborted if hyper discarded the
 * response, else the status in memory if plausible. */
static inline __attribute__((always_inline)) __u16
status_from_memory(const struct http_connection *connection)
{
	if (connection->delivery == DELIVERY_FAILED || connection->delivery == DELIVERY_REFUSED)
		return HTTP_STATUS_ABORTED;
	return status_is_plausible(connection->status) ? connection->status : HTTP_STATUS_UNKNOWN;
}

#endif
