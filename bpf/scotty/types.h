/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SCOTTY_TYPES_H
#define SCOTTYSCOPE_SCOTTY_TYPES_H

/* Types of Scotty's sessions, applications, logins and rate limits. Both sides compile this file.
 * Fixed-width fields, no holes. */

#include "core/types.h"

/* Outcome of a session. */
enum session_end {
	SESSION_ENDED,
	SESSION_FAILED,
	SESSION_TIMED_OUT,
	SESSION_PANICKED,
	SESSION_CANCELLED,
	SESSION_END_COUNT,
};

/* One per CPU and role. */
struct session_totals {
	struct histogram_counts durations; /* of sessions whose start was observed */
	__u64 preexisting;		   /* first seen before the end of the initial scan */
	__u64 started;			   /* first seen later */
	__u64 ended;			   /* of both, and of those that the initial scan found */
	__u64 failed;
	__u64 timed_out;
};
_Static_assert(sizeof(struct session_totals) == 248, "session_totals");

/* The request of a client on its websocket that Scotty is handling. */
enum websocket_request {
	REQUEST_NONE,
	REQUEST_LOG_STREAM,
	REQUEST_LOG_STREAM_SERVED,
};

/* Flags of struct task_session. */
#define MESSAGE_PENDING \
	1 /* the head of a text message's last frame was parsed, its payload maybe not */
#define FRAGMENTS_TEXT 2  /* the first fragments of a text message were parsed */
#define DOCKER_FAILED  4  /* a shell session got an error from Docker; no message since */
#define MESSAGE_WHOLE  8  /* with MESSAGE_PENDING: the payload had arrived as well */
#define MESSAGE_VALID  16 /* with MESSAGE_WHOLE: tungstenite accepts the payload as UTF-8 */
#define FRAGMENTS      32 /* the first fragments of any message were parsed */
#define HAS_CLIENT     64 /* the task is a websocket client as well, on another connection */

/* A task that is a session, by the address of its header. */
struct task_session {
	struct span_state span; /* start 0: started before the attachment */
	__u64 sent;
	__u64 received;
	__u64 input; /* address of the buffer that the client's frames are parsed from; 0: none yet */
	__u8 role;   /* enum task_role */
	__u8 end;    /* enum session_end, as known so far */
	__u8 request;	    /* enum websocket_request */
	__u8 message_flags; /* see above */
	__u8 reserved[4];
};
_Static_assert(sizeof(struct task_session) == sizeof(struct span_state) + 32, "session");

/* X(identifier, name): the states of an application, in Scotty's order
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

/* The last inspection of an application, by the hash of its name. */
struct app {
	__u64 checked_ns; /* monotonic */
	__u64 check;	  /* number of the last check that found the application */
	__u32 services;
	__u8 status; /* enum app_status */
	__u8 reserved[3];
};
_Static_assert(sizeof(struct app) == 24, "app");

/* A check of all applications. A complete check has found all applications that exist. */
#define APP_CHECK_SLOTS 64

struct app_check {
	__u64 number;	 /* from 1 */
	__u64 spawning;	 /* the poll that spawns the inspections has not been seen to end */
	__u64 spawned;	 /* inspections */
	__u64 ended;	 /* inspections */
	__u64 latest_ns; /* time of the latest spawn, or of the start */
};
_Static_assert(sizeof(struct app_check) == 40, "app_check");

/* A task that inspects an application in a check, by the address of its header. */
struct app_inspection {
	__u64 check;
	__u64 app; /* hash of its name; 0: not known yet, or none */
};

enum oauth_flow {
	OAUTH_DEVICE,
	OAUTH_WEB,
	OAUTH_FLOW_COUNT,
};

/* The map of OAuth sessions before a cleanup, by the thread that runs the cleanup. */
struct oauth_cleanup {
	__u64 map;
	__u64 items;
};

/* A tier and a result of Scotty's rate limits. */
#define TIER_BYTES 32

struct rate_limit_key {
	char tier[TIER_BYTES]; /* padded with zero bytes */
	__u32 is_denied;
};
_Static_assert(sizeof(struct rate_limit_key) == 36, "rate_limit_key");

#endif
