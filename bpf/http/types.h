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
#define ROUTE_UNKNOWN	    (~(__u64)1) /* a route whose template could not be read */
#define HTTP_STATUS_ABORTED 0 /* the connection ended before a byte of a response was sent */
#define HTTP_STATUS_UNKNOWN 1 /* a response whose status could not be read */

struct http_key {
	__u64 route; /* hash of the route template, the key of the routes map */
	__u16 status;
	__u8 method;
	__u8 reserved[5];
};
_Static_assert(sizeof(struct http_key) == 16, "http_key");

/* A route template. The text is truncated to the capacity and padded with zero bytes. The
 * hash of the first ROUTE_HASH_BYTES and of the length is the template's key. */
#define ROUTE_TEXT_BYTES 128
#define ROUTE_HASH_BYTES 1024

struct route_text {
	__u64 length; /* before truncation */
	char text[ROUTE_TEXT_BYTES];
};

/* The route that was matched in another task than the connection's, for the request that started at
 * `start_ns`. That task may run at the same time as the connection's task and may outlive the
 * request, so it does not write to the fields of the connection's own task. */
struct linked_route {
	__u64 start_ns;
	__u64 route;
	__u64 nest;
};

/* Number of successive responses whose status in memory must equal the written one before the
 * status in memory is trusted. */
#define AGREEMENTS_TO_TRUST 256
/* The value after a difference, and all values above: another thread may still increment the
 * counter. */
#define AGREEMENTS_NEVER (1ULL << 63)

#define URL_PATH_BYTES 160
/* The token of an OTHER method, truncated to the capacity and padded with zero bytes. */
#define METHOD_TEXT_BYTES 32
/* Value of `output_length`: unknown. */
#define OUTPUT_LENGTH_UNKNOWN (~(__u64)0)

/* Whether the socket took bytes of a response. */
enum http_delivery {
	DELIVERY_UNKNOWN, /* the output was not read since the head was written, or is malformed */
	DELIVERY_SENT,
	DELIVERY_PENDING, /* the head was in the output at the end of a poll */
	DELIVERY_FAILED,  /* the head was in the output when the connection failed */
	DELIVERY_REFUSED, /* hyper removed the head from the output */
	DELIVERY_ASSUMED, /* the request was finished when the head was written */
};

/* A connection and its current request. The key is the address of the header of the task that drives
 * the connection. If a task drives several, the first one with a request has this key, and the others
 * have the address of hyper's buffer, for the time of a request. */
struct http_connection {
	__u64 seen_ns;	/* last parse attempt since the last response; 0: none */
	__u64 start_ns; /* the request head was complete; 0: no request */
	__u64 end_ns;	/* the response head was written; 0: not yet */
	__u64 route;	/* of the current request, as matched in the connection's task */
	__u64 nest;	/* the private path of the nest_service() that matched last; 0: none */
	struct linked_route linked;
	__u64 buffer;	/* address of hyper's buffer for heads; 0: not parsed yet */
	__u64 next;	/* key of the task's next connection; 0: none */
	__u64 previous; /* key of the previous one; 0: this one has the task's key */
	__u64 is_whole; /* the end of the request head was seen */
	/* Of a task's first connection, if the task drives several: the key of the connection whose
	 * request head was parsed last, and the start of that poll (0: not observed). */
	__u64 working;
	__u64 working_poll_ns;
	__u64 last_route;      /* of an earlier request: already in the routes map */
	__u64 output;	       /* address of the vector that received the response head */
	__u64 output_length;   /* length of that vector before the head */
	__u16 status;	       /* as hyper sends the status in memory; 0: not read */
	__u16 url_path_length; /* more than URL_PATH_BYTES: truncated */
	__u8 method;
	__u8 method_length; /* of an OTHER method; more than METHOD_TEXT_BYTES: truncated */
	__u8 has_trace_state;
	__u8 has_socket;  /* 0: new; see http/socket.bpf.h */
	__u8 delivery;	  /* enum http_delivery */
	__u8 is_replaced; /* hyper replaces the handler's status */
	__u8 is_unread;	  /* the last parse could not read the buffer */
	__u8 is_compared; /* the written response line is compared with the status in memory */
	__u8 is_deferred; /* a poll ended before hyper had sent the response */
	__u8 reserved[3];
	struct span_state span;
	struct socket_address peer;
	char method_text[METHOD_TEXT_BYTES];
	char url_path[URL_PATH_BYTES];
};
_Static_assert(sizeof(struct http_connection) == 312 + METHOD_TEXT_BYTES + URL_PATH_BYTES,
	       "http_connection");

/* The list of tracestate members of the current request, by the key of the connection. */
#define TRACE_STATE_BYTES \
	512 /* W3C Trace Context 3.3.1.5: the length that vendors should propagate */

struct trace_state {
	__u32 length;
	__u32 is_cut; /* the list does not fit, and is empty */
	char text[TRACE_STATE_BYTES];
	char slack[TRACE_STATE_BYTES]; /* stays empty: a line's possible end, to the verifier */
};

#endif
