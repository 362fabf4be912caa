/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_STATE_H
#define SCOTTYSCOPE_STATE_H

/* What the programs keep from hit to hit: of tasks, threads, connections and sessions. User space enters
 * some of it, and looks at some. As in wire.h, there are no holes. */

#include <linux/types.h>

/* What a vtable says of its tasks. */
struct task_kind {
	__u8 index; /* below KIND_LIMIT */
	__u8 class; /* enum task_class */
	__u8 role;  /* enum task_role */
	__u8 id_word; /* the word of a task's memory, from its header on, that holds its id; 0: unknown */
};
_Static_assert(sizeof(struct task_kind) == 4, "task_kind");

/* Where something happens: its trace and the span in it (W3C Trace Context level 1). */
#define CONTEXT_PRESENT 1
#define CONTEXT_SAMPLED 2 /* the span is exported */
#define CONTEXT_REMOTE	4 /* the parent is in another process */

struct trace_context {
	__u8 trace_id[16];
	__u8 span_id[8];
	__u32 flags;
	__u32 reserved;
};
_Static_assert(sizeof(struct trace_context) == 32, "trace_context");

/* What is known of a live task, by the address of its header. Times are monotonic. */
#define TASK_CENSUS	 1 /* it was there before the attachment */
#define TASK_SESSION	 2 /* it was counted as a session */
#define TASK_POLLED	 4 /* at least once since the attachment */
#define TASK_APP_REMOVED 8 /* an operation that took its application out of the list */

struct task {
	__u64 vtable;
	__u64 id; /* never another task's; 0: not read */
	struct task_kind kind;
	__u32 flags;
	__u64 spawn_ns;	  /* 0: not seen */
	__u64 wake_ns;	  /* put into a run queue; 0: not since its last poll */
	__u64 idle_ns;	  /* end of its last poll; 0: none yet, or not idle since */
	__u64 busy_ns;	  /* in polls so far */
	__u64 waiting_ns; /* in run queues so far */
	__u64 session;	  /* header of the session that it is, or was spawned within; 0: none */
	struct trace_context context;
};
_Static_assert(sizeof(struct task) == 104, "task");

/* A poll in progress on a thread, the innermost last. */
#define FRAME_LIMIT 8

#define FRAME_HTTP_PENDING	1  /* a response head was written in this poll */
#define FRAME_CANCELLED		2  /* the task is ended without a poll */
#define FRAME_WEBSOCKET_PENDING 4  /* a websocket frame was written in this poll */
#define FRAME_APP_CHECK		8  /* a check of all applications began in this poll */
#define FRAME_UNSEEN		16 /* its start was not seen, and its end will not be */
#define FRAME_APP_CHECK_SHIFT	16 /* the bits from there on: the end of its number */

struct poll_frame {
	__u64 header;
	__u64 start_ns;
	__u64 stack_pointer; /* where the poll was called */
	__u32 flags;
	struct task_kind kind; /* of a poll that was seen to start */
};
_Static_assert(sizeof(struct poll_frame) == 32, "poll_frame");

/* A peer's address, as accept() gave it. */
struct socket_address {
	__u16 family; /* AF_INET, AF_INET6; 0: not known */
	__u16 port;   /* host order */
	__u8 address[16];
};
_Static_assert(sizeof(struct socket_address) == 20, "socket_address");

/* A websocket frame that was written to an output, as it was in memory before. */
struct written_frame {
	__u64 output;	     /* address of the vector; 0: none to check */
	__u64 output_length; /* of it before */
	__u64 size;	     /* of the frame as written */
	__u8 first_byte;     /* FIN and opcode; 0: memory was not as expected */
	__u8 length_byte;    /* the second one: nothing is masked */
	__u8 reserved[6];
};

/* A thread that polls tasks, by its id. What most hooks read is next to each other. */
struct thread {
	__u64 polls_since_ns; /* for which `depth` holds */
	__u64 unseen_id;      /* of the task that the first frame is about */
	__u64 stack_pointer;  /* as of its last poll: where the census looks for its kind */
	__u32 depth;
	__u32 reserved;
	/* The first is of a poll that was not seen to start, the others of those that were, from the
	 * outermost on: the innermost is at `depth`. */
	struct poll_frame frames[FRAME_LIMIT];
	struct written_frame written;
	__u64 accept_address;	    /* where an accept in progress puts the peer's; 0: none */
	struct socket_address peer; /* of the connection accepted last */
	__u32 reserved_too;
};
_Static_assert(sizeof(struct thread) == 96 + 32 * FRAME_LIMIT, "thread");

/* tokio's context of a thread, in words. */
#define CONTEXT_WORDS 10
/* After so many comparisons the word that always held the polled task's id is the one. */
#define TASK_ID_LOOKS 64

/* What every span keeps from its start on. */
#define SLOW_POLL_LIMIT 4

struct slow_poll {
	__u64 start_ns;
	__u64 duration_ns;
};

#define TIMES_UNKNOWN (~(__u64)0)

struct span_state {
	struct trace_context context; /* its own */
	__u8 parent_span_id[8];	      /* all zero: none */
	__u64 start_ns;
	/* While it lasts: its task's before it; at its end: its own. TIMES_UNKNOWN: polls were not
	 * watched all the time. */
	__u64 busy_ns;
	__u64 waiting_ns; /* the same; TIMES_UNKNOWN also where wake-ups are not watched */
	__u64 slow_count;
	struct slow_poll slow[SLOW_POLL_LIMIT]; /* the first ones */
};
_Static_assert(sizeof(struct span_state) == 72 + 16 * SLOW_POLL_LIMIT, "span_state");

/* How often a response's status in memory has to be the written one before it is trusted. */
#define AGREEMENTS_TO_TRUST 256
#define AGREEMENTS_NEVER    (1ULL << 63) /* and above: another thread may still add to it */

#define URL_PATH_BYTES	    160
#define OUTPUT_NOT_COMPARED 0 /* the status in memory is trusted */

/* A connection's task and its current request, by the address of the task's header. */
struct http_connection {
	__u64 seen_ns;	/* last look at the buffer since the last response; 0: none */
	__u64 start_ns; /* the request's head was whole; 0: no request */
	__u64 end_ns;	/* its response's head was written; 0: not yet */
	__u64 route;
	__u64 last_route;      /* of a request before this one: known to be in the routes map */
	__u64 output;	       /* address of the vector that the response head went to */
	__u64 output_length;   /* of it before that */
	__u16 status;	       /* as read from memory */
	__u16 url_path_length; /* before it was cut */
	__u8 method;
	__u8 has_trace_state;
	__u8 reserved[2];
	struct span_state span;
	struct socket_address peer;
	__u8 reserved_too[4];
	char url_path[URL_PATH_BYTES];
};
_Static_assert(sizeof(struct http_connection) == 224 + URL_PATH_BYTES, "http_connection");

/* A header's value that goes with a request's span, by the address of its task's header. */
#define TRACE_STATE_BYTES 512 /* W3C Trace Context 3.3.1.5: what should be passed on at least */

struct trace_state {
	__u64 length;
	char text[TRACE_STATE_BYTES];
};

/* What a client asked for on its websocket, while that is being handled. */
enum websocket_request {
	REQUEST_NONE,
	REQUEST_LOG_STREAM,
	REQUEST_LOG_STREAM_SERVED,
};

#define MESSAGE_PENDING 1 /* a text message's last frame was seen, its payload perhaps not yet */
#define FRAGMENTS_TEXT	2 /* a text message's first fragments were seen */
#define DOCKER_FAILED	4 /* a shell session had an error of Docker's, and sent no message since */

/* A task that is a session, by the address of its header. */
struct task_session {
	struct span_state span; /* start 0: before the attachment */
	__u64 sent;
	__u64 received;
	__u8 role; /* enum task_role */
	__u8 end;  /* enum session_end, as far as known */
	__u8 request;
	__u8 message_flags;
	__u8 reserved[4];
};
_Static_assert(sizeof(struct task_session) == sizeof(struct span_state) + 24, "session");

/* A task that inspects an application in a check, by its header. */
struct app_inspection {
	__u64 check;
	__u64 app; /* hash of its name; 0: not known yet, or none */
};

/* Before OAuth sessions are taken out, by the thread that does. */
struct oauth_cleanup {
	__u64 map;
	__u64 items;
};

#endif
