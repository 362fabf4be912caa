/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_TYPES_H
#define SCOTTYSCOPE_HTTP_TYPES_H

/* Types of HTTP connections and requests. Both sides compile this file. Fixed-width fields, no
 * holes. */

#include "core/types.h"

/* The methods that OpenTelemetry's semantic conventions for HTTP know: those of RFC 9110 section 9 and
 * RFC 5789, and QUERY (draft-ietf-httpbis-safe-method-w-body). OTHER stands for all other methods. */
#define METHOD_LIST(X)        \
	X(OTHER, "_OTHER")    \
	X(GET, "GET")         \
	X(HEAD, "HEAD")       \
	X(POST, "POST")       \
	X(PUT, "PUT")         \
	X(DELETE, "DELETE")   \
	X(CONNECT, "CONNECT") \
	X(OPTIONS, "OPTIONS") \
	X(TRACE, "TRACE")     \
	X(PATCH, "PATCH")     \
	X(QUERY, "QUERY")

enum http_method {
#define X(identifier, name) METHOD_##identifier,
	METHOD_LIST(X)
#undef X
	METHOD_COUNT,
};

/* A label set of the request metrics. */
#define ROUTE_UNMATCHED	    0
#define ROUTE_OVERFLOW	    (~(__u64)0) /* the label set for requests beyond the map's capacity */
#define HTTP_STATUS_ABORTED 0		/* the connection ended before a response */
#define HTTP_STATUS_UNKNOWN 1		/* a response whose status could not be read */

struct http_key {
	__u64 route; /* hash of the route template, the key of the routes map */
	__u16 status;
	__u8 method;
	__u8 reserved[5];
};
_Static_assert(sizeof(struct http_key) == 16, "http_key");

/* A route template, truncated to the capacity and padded with zero bytes. */
#define ROUTE_TEXT_BYTES 128

struct route_text {
	char text[ROUTE_TEXT_BYTES];
};

/* Number of successive responses whose status in memory must equal the written one before the
 * status in memory is trusted. */
#define AGREEMENTS_TO_TRUST 256
/* The value after a difference, and all values above: another thread may still increment the
 * counter. */
#define AGREEMENTS_NEVER (1ULL << 63)

#define URL_PATH_BYTES 160
/* The token of an OTHER method, truncated to the capacity and padded with zero bytes. */
#define METHOD_TEXT_BYTES   32
#define OUTPUT_NOT_COMPARED 0 /* value of `output`: the status in memory is trusted */

/* A connection and its current request, by the address of the connection's task header. */
struct http_connection {
	__u64 seen_ns;	       /* last parse attempt since the last response; 0: none */
	__u64 start_ns;	       /* the request head was complete; 0: no request */
	__u64 end_ns;	       /* the response head was written; 0: not yet */
	__u64 route;	       /* of the current request */
	__u64 last_route;      /* of an earlier request: already in the routes map */
	__u64 output;	       /* address of the vector that received the response head */
	__u64 output_length;   /* length of that vector before the head */
	__u16 status;	       /* as read from memory */
	__u16 url_path_length; /* more than URL_PATH_BYTES: truncated */
	__u8 method;
	__u8 method_length; /* of an OTHER method; more than METHOD_TEXT_BYTES: truncated */
	__u8 has_trace_state;
	__u8 has_socket; /* the search for the connection's socket has ended */
	struct span_state span;
	struct socket_address peer;
	char method_text[METHOD_TEXT_BYTES];
	char url_path[URL_PATH_BYTES];
};
_Static_assert(sizeof(struct http_connection) == 224 + METHOD_TEXT_BYTES + URL_PATH_BYTES,
	       "http_connection");

/* The list of tracestate members of the current request, by the address of the connection's task
 * header. */
#define TRACE_STATE_BYTES \
	512 /* W3C Trace Context 3.3.1.5: the length that vendors should propagate */

struct trace_state {
	__u32 length;
	__u32 is_cut; /* the list does not fit, and is empty */
	char text[TRACE_STATE_BYTES];
	char slack[TRACE_STATE_BYTES]; /* stays empty: a line's possible end, to the verifier */
};

#endif
