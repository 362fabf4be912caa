/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WIRE_H
#define SCOTTYSCOPE_WIRE_H

/* The contract between the programs in the kernel and user space: what the maps hold and what the
 * ring buffer carries. Fixed-width fields, no holes, sizes asserted; both sides compile this file. */

#include "state.h"

/* X(identifier, name, what it hooks): one row a hook. The identifier is the index of its hit
 * counter. */
#define HOOK_LIST(X)                                                                              \
	X(POLL_START, "poll_start", "a task is about to be polled")                               \
	X(POLL_IDLE, "poll_idle", "a poll ended, the task is not finished")                       \
	X(RAW_POLL, "raw_poll", "a task's poll function is called")                               \
	X(RAW_POLL_RETURN, "raw_poll_return", "a task's poll function returns")                   \
	X(TASK_COMPLETE, "task_complete", "a task ended")                                         \
	X(TASK_SPAWN, "task_spawn", "a task is entered into its runtime's list")                  \
	X(TASK_SCHEDULE, "task_schedule", "a task is put into a run queue: spawned or woken")     \
	X(SCHEDULE_LOCAL, "schedule_local", "a task is put into its worker's own queue")          \
	X(SCHEDULE_REMOTE, "schedule_remote", "a task is put into the queue of all workers")      \
	X(HTTP_PARSE, "http_parse", "hyper looks for a request head in a connection's buffer")    \
	X(HTTP_ROUTE, "http_route", "axum lets go of a request's matched path")                   \
	X(HTTP_ENCODE, "http_encode", "hyper writes a response head")                             \
	X(HTTP2_STREAM, "http2_stream", "h2 opens a stream, which carries a request over HTTP/2") \
	X(SOCKET_ACCEPT, "socket_accept", "the kernel is asked for an accepted connection")       \
	X(SOCKET_ACCEPTED, "socket_accepted", "the kernel gave an accepted connection")           \
	X(WEBSOCKET_OPEN, "websocket_open", "tungstenite opens a websocket connection")           \
	X(FRAME_IN, "frame_in", "tungstenite looks for a frame's head in its input")              \
	X(TEXT_IN, "text_in", "tungstenite has a text message of one frame")                      \
	X(FRAGMENTS_IN, "fragments_in", "tungstenite has a message of several frames")            \
	X(FRAME_OUT, "frame_out", "tungstenite writes a frame to its output")                     \
	X(MESSAGE_QUEUE, "message_queue", "a message is queued for a websocket client")           \
	X(SHELL_AUDIT, "shell_audit", "Scotty logs the end of a shell session")                   \
	X(DOCKER_ERROR, "docker_error", "an error of Docker's is put into words")                 \
	X(APP_NEW, "app_new", "an application's data were made up: it was inspected")             \
	X(APP_CHECK, "app_check", "all applications are about to be inspected")                   \
	X(APP_REMOVED, "app_removed", "a destroyed application leaves the list")                  \
	X(OAUTH_DEVICE_FLOW, "oauth_device_flow", "recorder: a device flow starts")               \
	X(OAUTH_WEB_FLOW, "oauth_web_flow", "recorder: a web flow starts")                        \
	X(OAUTH_FLOW_FAILURE, "oauth_flow_failure", "recorder: a flow failed")                    \
	X(OAUTH_VALIDATION, "oauth_validation", "recorder: a token was validated")                \
	X(OAUTH_DEVICE_SESSIONS, "oauth_device_sessions", "recorder: device flows in progress")   \
	X(OAUTH_WEB_SESSIONS, "oauth_web_sessions", "recorder: web flows in progress")            \
	X(OAUTH_EXPIRED, "oauth_expired", "recorder: expired sessions were taken out")            \
	X(OAUTH_SAMPLE, "oauth_sample", "Scotty is about to count its OAuth sessions")            \
	X(OAUTH_CLEANUP, "oauth_cleanup", "Scotty is about to take expired sessions out")         \
	X(OAUTH_CLEANED, "oauth_cleaned", "Scotty took expired sessions out")                     \
	X(RATE_LIMIT_ALLOWED, "rate_limit_allowed", "recorder: a request was let through")        \
	X(RATE_LIMIT_DENIED, "rate_limit_denied", "recorder: a request was refused")              \
	X(RATE_LIMIT_ERROR, "rate_limit_error", "recorder: a request told no client")             \
	X(RSS_STAT, "rss_stat", "the kernel changed a process's resident memory")

/* X(identifier, name, what was lost): nothing is dropped without one of these going up. */
#define LOSS_LIST(X)                                                                               \
	X(RING_FULL, "ring_full", "spans: the ring buffer was full")                               \
	X(SPAN_TOO_OLD, "span_too_old", "spans: open longer than --max-span-age")                  \
	X(THREADS_FULL, "threads_full", "polls: more threads than the map holds")                  \
	X(TASKS_FULL, "tasks_full", "tasks: more live tasks than the map holds")                   \
	X(CONNECTIONS_FULL, "connections_full", "requests: more connections than the map holds")   \
	X(SERIES_FULL, "series_full", "label sets: counted in the overflow set")                   \
	X(ROUTES_FULL, "routes_full", "route templates: more than the map holds")                  \
	X(SESSIONS_FULL, "sessions_full", "sessions: more than the map holds")                     \
	X(TRACE_HEADERS, "trace_headers", "traceparent, tracestate: too long, too many, too late") \
	X(NESTING, "nesting", "polls: nested deeper than the stack of a thread")                   \
	X(FRAME_LOST, "frame_lost", "polls: an end without a start or a start without an end")     \
	X(NO_TASK, "no_task", "requests: served outside any poll that was seen to start")          \
	X(APPS_FULL, "apps_full", "applications: more than the map holds")                         \
	X(TIER_STRANGE, "tier_strange", "rate limits: the tier was not a name")                    \
	X(INSTANT_STRANGE, "instant_strange", "durations of token validations: no such time")      \
	X(READ_FAULT, "read_fault", "events: user memory could not be read")                       \
	X(HEAD_STRANGE, "head_strange", "request heads: the buffer was not as expected")           \
	X(ROUTE_STRANGE, "route_strange", "routes: the text was not that of a template")           \
	X(FRAME_STRANGE, "frame_strange", "websocket frames: not as expected")                     \
	X(LINES_UNCOUNTED, "lines_uncounted", "lines: in a message of more than 64 MiB")           \
	X(OUTCOME_UNKNOWN, "outcome_unknown", "outcomes of tasks: memory was not as expected")     \
	X(HTTP2, "http2_requests", "requests over HTTP/2, which is not looked into")               \
	X(STATUS_UNKNOWN, "status_unknown", "status codes: neither way to read them gave one")

/* X(identifier, name, what was found): checks of what was assumed about the target. */
#define CHECK_LIST(X)                                                                              \
	X(STATUS_AGREES, "status_agrees", "status in memory equals the response line")             \
	X(STATUS_TRUSTED, "status_trusted", "not compared: all before agreed, memory counts")      \
	X(STATUS_DIFFERS, "status_differs", "status in memory differs: the response line counts")  \
	X(STATUS_UNCHECKED, "status_unchecked", "response line gone: status from memory counts")   \
	X(RESPONSE_ONLY, "response_only", "response to a request from before the attachment")      \
	X(FRAME_AGREES, "frame_agrees", "a frame's opcode in memory equals the written one")       \
	X(FRAME_DIFFERS, "frame_differs", "a frame's opcode in memory differs from the written")   \
	X(FRAME_UNCHECKED, "frame_unchecked", "written frame gone: opcode from memory counts")     \
	X(REQUEST_UNKNOWN, "request_unknown",                                                      \
	  "a client's message, in pieces or type late: not read")                                  \
	X(TASK_ID_AGREES, "task_id_agrees", "tokio's context tells the task that is polled")       \
	X(TASK_ID_DIFFERS, "task_id_differs", "it does not: from now on polls are always watched") \
	X(WAKE_UNSEEN, "wake_unseen", "a poll without a wake-up or spawn seen before")             \
	X(APP_AGREES, "app_agrees", "an application's data are what its inspection gave")          \
	X(APP_STRANGE, "app_strange", "an application's data were not as expected")                \
	X(SESSIONS_STRANGE, "sessions_strange", "OAuth sessions were not in a map as expected")    \
	X(TASK_REUSED, "task_reused", "a task's memory was reused without its end being seen")     \
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

/* One per CPU and kind of task; read as the sum. */
struct task_totals {
	struct histogram_counts polls;
	__u64 slow_polls;
	__u64 started; /* tasks first seen since the attachment */
	__u64 ended;   /* of these and of those that the census found */
};
_Static_assert(sizeof(struct task_totals) == 232, "task_totals");

struct schedule_totals {
	struct histogram_counts idle;	    /* end of a poll to the next wake-up */
	struct histogram_counts first_poll; /* spawn to first poll */
	__u64 scheduled;
};
_Static_assert(sizeof(struct schedule_totals) == 424, "schedule_totals");

/* One per CPU and role. */
struct session_totals {
	struct histogram_counts durations; /* of those whose start was seen */
	__u64 before;  /* first seen before all those from before the attachment were known */
	__u64 started; /* later */
	__u64 ended;   /* of all, and of those that the census found */
	__u64 failed;
	__u64 timed_out;
};
_Static_assert(sizeof(struct session_totals) == 248, "session_totals");

/* X(identifier): what happens within sessions, and how many sampled spans there were. */
#define EVENT_LIST(X)                \
	X(MESSAGES_SENT)             \
	X(MESSAGES_RECEIVED)         \
	X(AUTHENTICATION_FAILED)     \
	X(LOG_STREAM_REFUSED)        \
	X(LOG_LINES)                 \
	X(TASK_OUTPUT_LINES)         \
	X(OAUTH_DEVICE_FLOWS)        \
	X(OAUTH_WEB_FLOWS)           \
	X(OAUTH_FLOW_FAILURES)       \
	X(OAUTH_VALIDATIONS)         \
	X(OAUTH_VALIDATION_FAILURES) \
	X(OAUTH_EXPIRED)             \
	X(RATE_LIMIT_ERRORS)         \
	X(SPANS_STARTED)             \
	X(SPANS_LEFT_OUT)            \
	X(SPANS_ENDED)

enum event {
#define X(identifier) EVENT_##identifier,
	EVENT_LIST(X)
#undef X
	EVENT_COUNT,
};

/* All that is only counted, one per CPU: side by side, so that what a hook counts is in few cache
 * lines. */
struct counters {
	__u64 requests_started;
	__u64 requests_ended;
	__u64 hits[HOOK_COUNT];
	__u64 checks[CHECK_COUNT];
	__u64 losses[LOSS_COUNT];
	__u64 events[EVENT_COUNT];
};
_Static_assert(sizeof(struct counters) ==
		       16 + 8 * HOOK_COUNT + 8 * CHECK_COUNT + 8 * LOSS_COUNT + 8 * EVENT_COUNT,
	       "counters");

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

/* A kind of task is a future's type. User space lists those of the executable, by vtable; its index
 * is what the kernel counts by. */
#define KIND_LIMIT 128
#define KIND_OTHER 0 /* a vtable that the plan did not find, or beyond the limit */

enum task_class {
	TASK_ASYNC,
	TASK_BLOCKING, /* a closure of spawn_blocking, or a worker thread's own loop */
};

/* X(identifier, name): what a task is for, where the observer has to know. Those from the websocket
 * on are sessions: counted, timed, and a span each. */
#define ROLE_LIST(X)                          \
	X(NONE, "none")                       \
	X(HTTP_CONNECTION, "http_connection") \
	X(APP_CHECK, "app_check")             \
	X(WEBSOCKET, "websocket_connection")  \
	X(SHELL, "shell_session_handler")     \
	X(LOG_STREAM, "log_stream_handler")   \
	X(COMPOSE_TASK, "compose_task")

enum task_role {
#define X(identifier, name) ROLE_##identifier,
	ROLE_LIST(X)
#undef X
	ROLE_COUNT,
};

/* How a session ended. */
enum session_end {
	SESSION_ENDED,
	SESSION_FAILED,
	SESSION_TIMED_OUT,
	SESSION_PANICKED,
	SESSION_CANCELLED,
	SESSION_END_COUNT,
};

/* Records of the ring buffer: a header, then what its kind says. */
#define WIRE_VERSION 2

enum record_kind {
	RECORD_HTTP_REQUEST = 1,
	RECORD_SESSION = 2,
};

struct record_header {
	__u16 kind;
	__u16 version;
	__u32 size; /* of the whole record */
};

struct record_http_request {
	struct record_header header;
	struct span_state span;
	__u64 end_ns;
	__u64 route;
	struct socket_address peer;
	__u16 status;
	__u16 url_path_length; /* before it was cut; never with a query */
	__u8 method;
	__u8 reserved[3];
	__u32 trace_state_length; /* 0: the record ends before its text */
	char url_path[URL_PATH_BYTES];
	char trace_state[TRACE_STATE_BYTES];
};
#define RECORD_HTTP_REQUEST_BYTES __builtin_offsetof(struct record_http_request, trace_state)
_Static_assert(RECORD_HTTP_REQUEST_BYTES == 192 + URL_PATH_BYTES, "record_http_request");

struct record_session {
	struct record_header header;
	struct span_state span;
	__u64 end_ns;
	__u64 sent;
	__u64 received;
	__u8 role;
	__u8 end;
	__u8 reserved[6];
};
_Static_assert(sizeof(struct record_session) == 8 + 136 + 32, "record_session");

/* X(identifier, name): what Scotty says of an application, in its order
 * (scotty-core/src/apps/app_data/status.rs). */
#define APP_STATUS_LIST(X)          \
	X(STOPPED, "stopped")       \
	X(STARTING, "starting")     \
	X(RUNNING, "running")       \
	X(CREATING, "creating")     \
	X(DESTROYING, "destroying") \
	X(UNSUPPORTED, "unsupported")

enum app_status {
#define X(identifier, name) APP_STATUS_##identifier,
	APP_STATUS_LIST(X)
#undef X
	APP_STATUS_COUNT,
};
#define APP_STATUS_UNKNOWN 255

/* An application as it was inspected last, by the hash of its name. */
struct app {
	__u64 checked_ns; /* monotonic */
	__u64 check;	  /* number of the last check that it was found in */
	__u32 services;
	__u8 status; /* enum app_status */
	__u8 reserved[3];
};
_Static_assert(sizeof(struct app) == 24, "app");

/* A check of all applications. When it is whole, those found in it are all there are. */
#define APP_CHECK_SLOTS 64

struct app_check {
	__u64 number;	/* from 1 */
	__u64 spawning; /* the poll that spawns its tasks was not seen to end */
	__u64 spawned;
	__u64 ended;
	__u64 latest_ns; /* when the latest was spawned */
};
_Static_assert(sizeof(struct app_check) == 40, "app_check");

/* All are spawned in one poll, one right after the other, once what is to be inspected has been looked for.
 * Where the poll's end may not be seen, it is over so long after the last one, or the beginning. */
#define APP_CHECK_SPAWNING_NS  1000000000ULL
#define APP_CHECK_SEARCHING_NS 60000000000ULL

enum oauth_flow {
	OAUTH_DEVICE,
	OAUTH_WEB,
	OAUTH_FLOW_COUNT,
};

/* What requests are limited by. */
#define TIER_BYTES 32

struct rate_limit_key {
	char tier[TIER_BYTES]; /* padded with zero bytes */
	__u32 is_denied;
};
_Static_assert(sizeof(struct rate_limit_key) == 36, "rate_limit_key");

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

/* What records; user space raises it step by step, so that a request is never seen in a poll whose
 * start was not, and that a task that is not known is a new one. */
enum activation {
	ACTIVE_NONE,
	ACTIVE_POLLS,
	ACTIVE_ALL,
	ACTIVE_SETTLED, /* the census has entered the tasks from before */
};

#endif
