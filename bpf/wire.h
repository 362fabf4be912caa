/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WIRE_H
#define SCOTTYSCOPE_WIRE_H

/* The contract between the programs in the kernel and user space: what the maps hold and what the
 * ring buffer carries. Fixed-width fields, no holes, sizes asserted; both sides compile this file. */

#include <linux/types.h>

/* X(identifier, name, what it hooks): one row a hook. The identifier is the cookie of its sites and
 * the index of its hit counter. */
#define HOOK_LIST(X)                                                                              \
	X(POLL_START, "poll_start", "a task is about to be polled")                               \
	X(POLL_IDLE, "poll_idle", "a poll ended, the task is not finished")                       \
	X(TASK_COMPLETE, "task_complete", "a task ended")                                         \
	X(HTTP_PARSE, "http_parse", "hyper looks for a request head in a connection's buffer")    \
	X(HTTP_ROUTE, "http_route", "axum lets go of a request's matched path")                   \
	X(HTTP_ENCODE, "http_encode", "hyper writes a response head")                             \
	X(HTTP2_STREAM, "http2_stream", "h2 opens a stream, which carries a request over HTTP/2") \
	X(RSS_STAT, "rss_stat", "the kernel changed a process's resident memory")

/* X(identifier, name, what was lost): nothing is dropped without one of these going up. */
#define LOSS_LIST(X)                                                                             \
	X(RING_FULL, "ring_full", "spans: the ring buffer was full")                             \
	X(THREADS_FULL, "threads_full", "polls: more threads than the map holds")                \
	X(TASKS_FULL, "tasks_full", "tasks: more live tasks than the map holds")                 \
	X(CONNECTIONS_FULL, "connections_full", "requests: more connections than the map holds") \
	X(SERIES_FULL, "series_full", "label sets: counted in the overflow set")                 \
	X(ROUTES_FULL, "routes_full", "route templates: more than the map holds")                \
	X(NESTING, "nesting", "polls: nested deeper than the stack of a thread")                 \
	X(FRAME_LOST, "frame_lost", "polls: an end without a start or a start without an end")   \
	X(NO_TASK, "no_task", "requests: served outside any poll that was seen to start")        \
	X(READ_FAULT, "read_fault", "events: user memory could not be read")                     \
	X(HEAD_STRANGE, "head_strange", "request heads: the buffer was not as expected")         \
	X(ROUTE_STRANGE, "route_strange", "routes: the text was not that of a template")         \
	X(HTTP2, "http2_requests", "requests over HTTP/2, which is not looked into")             \
	X(STATUS_UNKNOWN, "status_unknown", "status codes: neither way to read them gave one")

/* X(identifier, name, what was found): checks of what was assumed about the target. */
#define CHECK_LIST(X)                                                                             \
	X(STATUS_AGREES, "status_agrees", "status in memory equals the response line")            \
	X(STATUS_DIFFERS, "status_differs", "status in memory differs: the response line counts") \
	X(STATUS_UNCHECKED, "status_unchecked", "response line gone: status from memory counts")  \
	X(RESPONSE_ONLY, "response_only", "response to a request from before the attachment")     \
	X(TASK_REUSED, "task_reused", "a task's memory was reused without its end being seen")    \
	X(VTABLE_UNKNOWN, "vtable_unknown", "a task of a kind the plan did not find")

enum hook {
#define X(identifier, name, help) HOOK_##identifier,
	HOOK_LIST(X)
#undef X
	HOOK_COUNT,
};

enum loss {
#define X(identifier, name, help) LOSS_##identifier,
	LOSS_LIST(X)
#undef X
	LOSS_COUNT,
};

enum check {
#define X(identifier, name, help) CHECK_##identifier,
	CHECK_LIST(X)
#undef X
	CHECK_COUNT,
};

/* Request methods of RFC 9110 section 9 and RFC 5789; any other is OTHER. */
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
	X(PATCH, "PATCH")

enum http_method {
#define X(identifier, name) METHOD_##identifier,
	METHOD_LIST(X)
#undef X
	METHOD_COUNT,
};

/* A histogram of nanoseconds. Bucket i counts values <= bounds[i]; the one after the last bound
 * counts the rest. */
#define HISTOGRAM_BOUNDS 24

struct histogram_counts {
	__u64 sum_ns;
	__u64 buckets[HISTOGRAM_BOUNDS + 1];
};
_Static_assert(sizeof(struct histogram_counts) == 208, "histogram_counts");

/* One per CPU; read as the sum. */
struct task_totals {
	struct histogram_counts polls;
	__u64 slow_polls;
	__u64 started; /* tasks first seen since the attachment */
	__u64 ended;   /* of these and of those that the census found */
	__u64 blocking_runs;
};
_Static_assert(sizeof(struct task_totals) == 240, "task_totals");

struct http_totals {
	__u64 started;
	__u64 ended;
};
_Static_assert(sizeof(struct http_totals) == 16, "http_totals");

/* A label set of the request metrics. */
#define ROUTE_UNMATCHED	    0
#define ROUTE_OVERFLOW	    (~(__u64)0) /* the label set of all that found no room */
#define HTTP_STATUS_ABORTED 0		/* the connection ended before a response */
#define HTTP_STATUS_UNKNOWN 1		/* there was one, but its status could not be read */

struct http_key {
	__u64 route; /* hash of the template's text, the key of the routes map */
	__u16 status;
	__u8 method;
	__u8 reserved[5];
};
_Static_assert(sizeof(struct http_key) == 16, "http_key");

/* A route template, cut at its room and padded with zero bytes. */
#define ROUTE_TEXT_BYTES 128

struct route_text {
	char text[ROUTE_TEXT_BYTES];
};

/* What is known of a live task, by the address of its header. */
enum task_kind {
	TASK_ASYNC,
	TASK_BLOCKING, /* a closure of spawn_blocking, or a worker thread's own loop */
};

struct task {
	__u64 vtable;
	__u32 kind;
	__u32 reserved;
};
_Static_assert(sizeof(struct task) == 16, "task");

/* A poll in progress on a thread, the innermost last. */
#define FRAME_LIMIT 8

#define FRAME_HTTP_PENDING 1 /* a response head was written in this poll */
#define FRAME_CANCELLED	   2 /* the task is ended without a poll */

struct poll_frame {
	__u64 header;
	__u64 start_ns;
	__u32 flags;
	__u32 reserved;
};

/* A thread that polls tasks, by its id. */
struct thread {
	__u64 stack_pointer; /* as of its last poll: where the census looks for its kind */
	__u32 depth;
	__u32 reserved;
	struct poll_frame frames[FRAME_LIMIT];
};
_Static_assert(sizeof(struct thread) == 16 + 24 * FRAME_LIMIT, "thread");

#define URL_PATH_BYTES 160

/* A connection's task and its current request, by the address of the task's header. */
struct http_connection {
	__u64 seen_ns;	/* last look at the buffer since the last response; 0: none */
	__u64 start_ns; /* the request's head was whole; 0: no request */
	__u64 end_ns;	/* its response's head was written; 0: not yet */
	__u64 route;
	__u64 output;	     /* address of the vector that the response head went to */
	__u64 output_length; /* of it before that */
	__u16 status;	     /* as read from memory */
	__u8 method;
	__u8 reserved[3];
	__u16 url_path_length; /* before it was cut */
	char url_path[URL_PATH_BYTES];
};
_Static_assert(sizeof(struct http_connection) == 56 + URL_PATH_BYTES, "http_connection");

/* Records of the ring buffer: a header, then what its kind says. */
#define WIRE_VERSION 1

enum record_kind {
	RECORD_HTTP_REQUEST = 1,
};

struct record_header {
	__u16 kind;
	__u16 version;
	__u32 size; /* of the whole record */
};

struct record_http_request {
	struct record_header header;
	__u64 start_ns; /* monotonic */
	__u64 end_ns;
	__u64 route;
	__u64 task; /* header of the connection's task */
	__u16 status;
	__u8 method;
	__u8 reserved;
	__u16 url_path_length; /* before it was cut; never with a query */
	__u16 reserved2;
	char url_path[URL_PATH_BYTES];
};
_Static_assert(sizeof(struct record_http_request) == 48 + URL_PATH_BYTES, "record_http_request");

/* Kinds of pages in the kernel's accounting (include/linux/mm_types_task.h). */
enum memory_member {
	MEMBER_FILE,
	MEMBER_ANONYMOUS,
	MEMBER_SWAP, /* not resident */
	MEMBER_SHARED,
	MEMBER_COUNT,
};

/* Resident memory as the kernel reports it, one per CPU: the highest since user space took it. */
struct memory_peak {
	__u64 rss_bytes;
};

/* Which groups of hooks record; user space raises it step by step, so that a request is never seen
 * in a poll whose start was not. */
enum activation {
	ACTIVE_NONE,
	ACTIVE_POLLS,
	ACTIVE_ALL,
};

#endif
