/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WIRE_H
#define SCOTTYSCOPE_WIRE_H

/* The contract between the programs in the kernel and user space: settings, counters, map values
 * and the records of the ring buffer. Fixed-width fields, no holes, sizes asserted; both sides
 * compile this file. The types.h of each folder has the types of one library. */

#include "core/span_limit.h"
#include "core/types.h"
#include "http/types.h"
#include "kernel/types.h"
#include "scotty/types.h"
#include "tokio/types.h"
#include "websocket/types.h"

/* X(identifier, name, description): one row a hook. The identifier is the index of the hit
 * counter. */
#define HOOK_LIST(X)                                                                             \
	X(POLL_START, "poll_start", "tokio starts to poll a task")                               \
	X(POLL_IDLE, "poll_idle", "a poll ends and its task is not complete")                    \
	X(RAW_POLL, "raw_poll", "tokio calls a task's poll function")                            \
	X(RAW_POLL_RETURN, "raw_poll_return", "a task's poll function returns")                  \
	X(TASK_COMPLETE, "task_complete", "a task completes")                                    \
	X(TASK_SPAWN, "task_spawn", "tokio adds a new task to the runtime's task list")          \
	X(TASK_SCHEDULE, "task_schedule", "tokio inserts a task into a run queue")               \
	X(SCHEDULE_LOCAL, "schedule_local", "tokio inserts a task into a worker's own queue")    \
	X(SCHEDULE_REMOTE, "schedule_remote", "tokio inserts a task into the shared queue")      \
	X(SCHEDULE_SINGLE, "schedule_single",                                                    \
	  "a current-thread runtime or a LocalSet inserts a task into its queue")                \
	X(HTTP_PARSE, "http_parse", "hyper parses a connection's buffer for a request head")     \
	X(HTTP_MATCH, "http_match", "axum stores the matched path in a request")                 \
	X(HTTP_ROUTE, "http_route", "axum drops a request's MatchedPath")                        \
	X(HTTP_ENCODE, "http_encode", "hyper writes a response head")                            \
	X(HTTP_ERROR, "http_error", "hyper's error of a connection is dropped")                  \
	X(PANIC, "panic", "a panic starts to unwind")                                            \
	X(HTTP2_STREAM, "http2_stream", "h2 opens a stream: a request over HTTP/2")              \
	X(WEBSOCKET_OPEN, "websocket_open", "tungstenite opens a websocket connection")          \
	X(FRAME_IN, "frame_in", "tungstenite parses its input for a frame head")                 \
	X(TEXT_IN, "text_in", "tungstenite received a text message of one frame")                \
	X(FRAGMENTS_IN, "fragments_in", "tungstenite received a message of several frames")      \
	X(FRAME_OUT, "frame_out", "tungstenite writes a frame to its output")                    \
	X(MESSAGE_QUEUE, "message_queue", "Scotty queues a message for a websocket client")      \
	X(SHELL_AUDIT, "shell_audit", "Scotty logs the end of a shell session")                  \
	X(DOCKER_ERROR, "docker_error", "bollard formats an error from Docker")                  \
	X(APP_NEW, "app_new", "Scotty constructs an application's AppData after an inspection")  \
	X(APP_CHECK, "app_check", "Scotty starts a check of all applications")                   \
	X(APP_REMOVED, "app_removed", "Scotty removes a destroyed application from its list")    \
	X(OAUTH_DEVICE_FLOW, "oauth_device_flow", "recorder: a device flow starts")              \
	X(OAUTH_WEB_FLOW, "oauth_web_flow", "recorder: a web flow starts")                       \
	X(OAUTH_FLOW_FAILURE, "oauth_flow_failure", "recorder: a flow fails")                    \
	X(OAUTH_VALIDATION, "oauth_validation", "recorder: a token validation ends")             \
	X(OAUTH_DEVICE_SESSIONS, "oauth_device_sessions",                                        \
	  "recorder: number of device flows in progress")                                        \
	X(OAUTH_WEB_SESSIONS, "oauth_web_sessions", "recorder: number of web flows in progress") \
	X(OAUTH_EXPIRED, "oauth_expired", "recorder: number of expired sessions removed")        \
	X(OAUTH_SAMPLE, "oauth_sample", "Scotty starts to count its OAuth sessions")             \
	X(OAUTH_CLEANUP, "oauth_cleanup", "Scotty starts to remove expired sessions")            \
	X(OAUTH_CLEANED, "oauth_cleaned", "Scotty has removed expired sessions")                 \
	X(RATE_LIMIT_ALLOWED, "rate_limit_allowed", "recorder: a rate limit allows a request")   \
	X(RATE_LIMIT_DENIED, "rate_limit_denied", "recorder: a rate limit denies a request")     \
	X(RATE_LIMIT_ERROR, "rate_limit_error", "recorder: a request has no rate-limit key")     \
	X(RSS_STAT, "rss_stat", "the kernel updates a process's resident memory")

/* X(identifier, name, description): causes of drops. The kernel side drops nothing without
 * incrementing one of these. The description starts with what is missing. */
#define DROP_LIST(X)                                                                               \
	X(RING_FULL, "ring_full",                                                                  \
	  "spans: the ring buffer was full and the span was dropped; lower --max-span-rate")       \
	X(SPAN_TOO_OLD, "span_too_old",                                                            \
	  "spans: open for longer than --max-span-age and not exported; raise --max-span-age")     \
	X(THREADS_FULL, "threads_full",                                                            \
	  "polls: not measured, because the server has more polling threads than the map holds "   \
	  "(1024); poll, request and session numbers are too low")                                 \
	X(TASKS_FULL, "tasks_full",                                                                \
	  "tasks: not tracked, because more tasks are alive than --max-tasks; task, session and "  \
	  "scheduling numbers are too low; raise --max-tasks")                                     \
	X(TASKS_NOT_FOUND, "tasks_not_found",                                                      \
	  "tasks: alive at the attachment and not found by the initial scan; they are missing in " \
	  "the numbers of active sessions and task types until they are polled")                   \
	X(CONNECTIONS_FULL, "connections_full",                                                    \
	  "requests: not counted, because more connections are open than --max-connections; "      \
	  "raise "                                                                                 \
	  "--max-connections")                                                                     \
	X(SERIES_FULL, "series_full",                                                              \
	  "label sets: requests beyond --max-series are counted in the overflow label set, "       \
	  "rate limits beyond 16 tiers not at all; raise --max-series")                            \
	X(ROUTES_FULL, "routes_full",                                                              \
	  "route templates: the request is counted in the overflow label set, because the server " \
	  "has more templates than --max-series; raise --max-series")                              \
	X(SESSIONS_FULL, "sessions_full",                                                          \
	  "sessions: counted without duration, messages and span, because more are open than "     \
	  "--max-connections; raise --max-connections")                                            \
	X(TRACE_HEADERS, "trace_headers",                                                          \
	  "traceparent, tracestate: not read, because a header is too long, beyond the "           \
	  "searched 512 KiB of the head, or one of too many at a time (2048), or because a read "  \
	  "of the server's memory failed; the span starts a new trace or has no tracestate")       \
	X(URL_PATH, "url_path",                                                                    \
	  "url.path: missing in the span, because the method or the authority before the path "    \
	  "is too long, or a read of the server's memory failed")                                  \
	X(NESTING, "nesting",                                                                      \
	  "polls: nested more than 7 deep on one thread; durations of the outer polls are "        \
	  "missing")                                                                               \
	X(FRAME_LOST, "frame_lost",                                                                \
	  "polls: the start or the end was not observed; the poll's duration is missing")          \
	X(NO_TASK, "no_task",                                                                      \
	  "requests and websocket messages: not counted, because the polled task is "              \
	  "unknown; normal for the first moments after the attachment")                            \
	X(APPS_FULL, "apps_full",                                                                  \
	  "applications: not listed, because Scotty has more than the map holds (4096)")           \
	X(TIER_STRANGE, "tier_strange",                                                            \
	  "rate limits: not counted, because the tier is not a valid name; this build of the "     \
	  "server may pass other arguments")                                                       \
	X(INSTANT_STRANGE, "instant_strange",                                                      \
	  "durations of token validations: the start time is invalid; the validation itself is "   \
	  "counted")                                                                               \
	X(READ_FAULT, "read_fault",                                                                \
	  "events: not counted, because a read of the server's memory failed; occasional faults "  \
	  "are pages that are swapped out")                                                        \
	X(HEAD_UNREAD, "head_unread",                                                              \
	  "requests: not counted, because the read of a request head failed; occasional faults "   \
	  "are pages that are swapped out")                                                        \
	X(HEAD_STRANGE, "head_strange",                                                            \
	  "request heads: not read, because hyper's buffer has an unexpected layout; request "     \
	  "numbers are too low for this build of the server")                                      \
	X(ROUTE_STRANGE, "route_strange",                                                          \
	  "routes: the request counts under /unknown, because its template is not in the "         \
	  "router's "                                                                              \
	  "map, or as unmatched, because the template does not start with a slash")                \
	X(ROUTE_UNLINKED, "route_unlinked",                                                        \
	  "routes: the request counts as unmatched, because its path was matched in a task that "  \
	  "was not spawned for the request; normal for the first moments after the attachment")    \
	X(ROUTE_LONG, "route_long",                                                                \
	  "route templates: longer than 1024 bytes; those that are equal up to there and equally " \
	  "long are counted as one")                                                               \
	X(FRAME_STRANGE, "frame_strange",                                                          \
	  "websocket frames: not counted, because a frame or its buffer is malformed; message "    \
	  "numbers may be too low for this build of the server")                                   \
	X(LINES_UNCOUNTED, "lines_uncounted",                                                      \
	  "lines: only those in the first 64 MiB of a message are counted; none are counted if "   \
	  "a read of the message failed")                                                          \
	X(OUTCOME_UNKNOWN, "outcome_unknown",                                                      \
	  "outcomes of tasks: the output in memory is malformed; the session counts as ended "     \
	  "without failure")                                                                       \
	X(HTTP2, "http2_requests",                                                                 \
	  "requests over HTTP/2: not measured, HTTP/2 is not supported; let the reverse proxy "    \
	  "use HTTP/1.1")                                                                          \
	X(STATUS_UNKNOWN, "status_unknown",                                                        \
	  "status codes: neither memory nor the response line had a valid one; the request is "    \
	  "counted without it")

/* X(identifier, name, description): results of checks of the assumptions about the target. */
#define CHECK_LIST(X)                                                                              \
	X(STATUS_AGREES, "status_agrees", "status in memory equals the response line: normal")     \
	X(STATUS_TRUSTED, "status_trusted",                                                        \
	  "status in memory was used without a comparison, because all earlier ones agreed: "      \
	  "normal")                                                                                \
	X(STATUS_DIFFERS, "status_differs",                                                        \
	  "status in memory differs from the response line; the response line is used, and poll "  \
	  "probes stay attached")                                                                  \
	X(STATUS_UNCHECKED, "status_unchecked",                                                    \
	  "status in memory was used, but neither the response line could be compared, nor was "   \
	  "the response observed to be sent: normal until status_agrees has reached 256")          \
	X(RESPONSE_UNSENT, "response_unsent",                                                      \
	  "a response was discarded after its request was counted with the status: the request "   \
	  "was aborted; happens while poll probes are detached")                                   \
	X(RESPONSE_ONLY, "response_only",                                                          \
	  "response to a request from before the attachment: not counted, normal at the start")    \
	X(SOCKET_FOUND, "socket_found",                                                            \
	  "the socket of a new connection was found in hyper's connection object: normal")         \
	X(SOCKET_UNKNOWN, "socket_unknown",                                                        \
	  "no socket in hyper's connection object, for example behind a Box; the spans of the "    \
	  "connection have no client.address")                                                     \
	X(FRAME_AGREES, "frame_agrees",                                                            \
	  "opcode of a websocket frame in memory equals the written one: normal")                  \
	X(FRAME_DIFFERS, "frame_differs",                                                          \
	  "opcode of a websocket frame in memory differs from the written one; counts of sent "    \
	  "messages may be wrong for this build of the server")                                    \
	X(FRAME_UNCHECKED, "frame_unchecked",                                                      \
	  "the written frame was no longer in the buffer; the opcode in memory is used")           \
	X(REQUEST_UNKNOWN, "request_unknown",                                                      \
	  "type of a client's message unknown: fragmented, with escapes, not within the first 96 " \
	  "bytes, or not readable; a refused log stream may be missing")                           \
	X(MESSAGE_UNCONFIRMED, "message_unconfirmed",                                              \
	  "last message of a websocket, which no frame followed: incomplete, invalid, or neither " \
	  "known; the message is not counted")                                                     \
	X(WEBSOCKET_ROLE_UNKNOWN, "websocket_role_unknown",                                        \
	  "a received websocket message that may be one of a client of this process: not "         \
	  "counted; only in builds that show whole messages")                                      \
	X(TASK_ID_AGREES, "task_id_agrees",                                                        \
	  "tokio's context has the id of the polled task: normal")                                 \
	X(TASK_ID_DIFFERS, "task_id_differs",                                                      \
	  "tokio's context has another id than the polled task's; poll probes stay attached")      \
	X(WAKE_UNSEEN, "wake_unseen",                                                              \
	  "a poll without an observed wake-up; the wake-up is counted, its queue time is missing") \
	X(APP_AGREES, "app_agrees",                                                                \
	  "an application's data equals the output of its inspection: normal")                     \
	X(APP_STRANGE, "app_strange",                                                              \
	  "an application's data is malformed; the application is not updated, and its gauges "    \
	  "may be wrong for this build of the server")                                             \
	X(SESSIONS_STRANGE, "sessions_strange",                                                    \
	  "the map of OAuth sessions is malformed; OAuth session numbers are not updated for "     \
	  "this build of the server")                                                              \
	X(TASK_REUSED, "task_reused",                                                              \
	  "memory of a task was reused and its end not observed; the task counts as ended, a "     \
	  "session as cancelled")                                                                  \
	X(TASK_MET_LATE, "task_met_late",                                                          \
	  "a task from before the attachment that the initial scan did not find; the task counts " \
	  "as alive from then on, and not as a new one")                                           \
	X(TASKS_AGREE, "tasks_agree",                                                              \
	  "tokio's own number of live tasks equals the number of observed ones: normal")           \
	X(TASKS_DIFFER, "tasks_differ",                                                            \
	  "tokio's own number of live tasks differs from the number of observed ones; the "        \
	  "metrics "                                                                               \
	  "of single task types may be wrong")                                                     \
	X(RUNTIME_UNREADABLE, "runtime_unreadable",                                                \
	  "tokio's counters of a runtime could not be read, do not fit together, or belong to "    \
	  "more "                                                                                  \
	  "than 16 runtimes; their points are missing in that collection")                         \
	X(VTABLE_UNKNOWN, "vtable_unknown",                                                        \
	  "a task whose type is not in the plan; the task counts under the type \"other\"")

enum hook {
#define X(identifier, name, description) HOOK_##identifier,
	HOOK_LIST(X)
#undef X
	HOOK_COUNT,
};

enum drop_cause {
#define X(identifier, name, description) DROP_##identifier,
	DROP_LIST(X)
#undef X
	DROP_COUNT,
};

enum check {
#define X(identifier, name, description) CHECK_##identifier,
	CHECK_LIST(X)
#undef X
	CHECK_COUNT,
};

/* X(identifier): events within sessions, logins and rate limits, and numbers of spans. */
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
	X(RESPONSES_DEFERRED)        \
	X(DEFERRED_FINISHED)         \
	X(SPANS_STARTED)             \
	X(SPANS_SAMPLED_OUT)         \
	X(SPANS_ENDED)

enum event {
#define X(identifier) EVENT_##identifier,
	EVENT_LIST(X)
#undef X
	EVENT_COUNT,
};

/* All plain counters, one struct per CPU: counters of one hook share few cache lines. */
struct counters {
	__u64 requests_started;
	__u64 requests_ended;
	__u64 hits[HOOK_COUNT];
	__u64 checks[CHECK_COUNT];
	__u64 drops[DROP_COUNT];
	__u64 events[EVENT_COUNT];
};
_Static_assert(sizeof(struct counters) ==
		       16 + 8 * HOOK_COUNT + 8 * CHECK_COUNT + 8 * DROP_COUNT + 8 * EVENT_COUNT,
	       "counters");

/* X(identifier, name): the role of a task type. Roles from WEBSOCKET on are sessions: counted,
 * timed, and exported as a span each. */
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

/* Settings, constant from the load on: the verifier removes code that they exclude. */
struct settings {
	__u64 pid_namespace_device; /* of the tool's pid namespace */
	__u64 pid_namespace_inode;  /* 0: the initial namespace */
	__u64 slow_poll_ns;
	__u64 span_age_limit_ns; /* older spans are dropped at their end */
	__u64 sampler_threshold; /* a trace is sampled if bits 1-63 of its id's low half are below */
	/* The limit of the span rate; see core/span_limit.h. */
	struct span_limit span_limit;
	__s64 context_offset; /* of tokio's context from the thread pointer; 0: unknown */
	__u64 poll_bounds_ns[HISTOGRAM_BOUNDS]; /* unused bounds: the highest number */
	__u64 http_bounds_ns[HISTOGRAM_BOUNDS];
	__u64 session_bounds_ns[HISTOGRAM_BOUNDS];
	__u32 target_tgid;
	__u32 encode_head_offset;   /* in hyper's Encode: the pointer to the head */
	__u32 head_status_offset;   /* in that head: the status code */
	__u32 frame_payload_offset; /* in tungstenite's Frame: pointer and length */
	__u32 frame_head_offset;    /* in that frame: FIN, reserved bits, opcode */
	__u32 app_status_offset;    /* in Scotty's AppData; 0: unknown */
	__u32 app_result_register;  /* DWARF number of the register with AppData's address */
	__u32 context_words;	    /* size of tokio's context */
	__u32 stage_distance;	    /* from a task's id to the task's stage, in bytes */
	/* Booleans. */
	__u8 emit_spans;
	__u8 sampler_parent_based; /* the decision of a remote parent is followed */
	__u8 messages_by_frame; /* sent messages are parsed at the frame's write, not when queued */
	__u8 wakes_are_observed;    /* wake-up hooks are attached */
	__u8 spawns_are_observed;   /* the spawn hook is attached */
	__u8 failures_are_observed; /* the hooks of http/failure.bpf.c are attached */
	__u8 routes_come_first;	    /* routes are observed when axum matches them, or not at all */
	__u8 reserved[5];
};
_Static_assert(sizeof(struct settings) == 10 * 8 + 3 * 8 * HISTOGRAM_BOUNDS + 9 * 4 + 12,
	       "settings");

/* A thread that polls tasks, by its id. Fields that most hooks read are adjacent. */
struct thread {
	__u64 poll_epoch_ns; /* the epoch that `depth` belongs to */
	__u64 untracked_id;  /* id of the task that frames[0] belongs to */
	__u64 stack_pointer; /* at its last poll: start address for the search for worker threads */
	__u32 depth;	     /* index of the innermost tracked poll; 0: none */
	__u32 reserved;
	/* frames[0] is the untracked poll, the others are the tracked polls from the outermost
	 * on. */
	struct poll_frame frames[FRAME_LIMIT];
	struct written_frame written;
};
_Static_assert(sizeof(struct thread) == 64 + 32 * FRAME_LIMIT, "thread");

/* Which programs record. User space raises the level step by step: a request is then never observed
 * within a poll whose start was not, and an unknown task is a new one. */
enum activation {
	ACTIVE_NONE,
	ACTIVE_POLLS,
	ACTIVE_ALL,
	ACTIVE_SCANNED, /* the initial scan has inserted the live tasks */
};

/* Records of the ring buffer: a header, then the fields of the record's kind. */
#define WIRE_VERSION 3

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
	__u16 url_path_length; /* more than URL_PATH_BYTES: truncated; never includes a query */
	__u8 method;
	__u8 method_length; /* of an OTHER method; more than METHOD_TEXT_BYTES: truncated */
	__u8 reserved[6];
	__u32 trace_state_length; /* 0: the record ends before trace_state */
	char method_text[METHOD_TEXT_BYTES];
	char url_path[URL_PATH_BYTES];
	char trace_state[TRACE_STATE_BYTES];
};
#define RECORD_HTTP_REQUEST_BYTES __builtin_offsetof(struct record_http_request, trace_state)
_Static_assert(RECORD_HTTP_REQUEST_BYTES == 200 + METHOD_TEXT_BYTES + URL_PATH_BYTES,
	       "record_http_request");

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

#endif
