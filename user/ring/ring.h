/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_RING_RING_H
#define SCOTTYSCOPE_RING_RING_H

/* Records from the kernel, drained and checked. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire.h"

/* What every record says of its span. Times are monotonic nanoseconds. */
struct ring_span {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_span_id[8]; /* all zero: none */
	bool parent_is_remote;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t busy_ns;    /* in polls; TIMES_UNKNOWN: not all were watched */
	uint64_t waiting_ns; /* in run queues; TIMES_UNKNOWN: not watched */
	uint64_t slow_count;
	struct slow_poll slow[SLOW_POLL_LIMIT]; /* the first of them */
};

/* A finished request, as decoded: texts are within their room and terminated. */
struct ring_http_request {
	uint64_t route;
	uint16_t status; /* or HTTP_STATUS_ABORTED, HTTP_STATUS_UNKNOWN */
	enum http_method method;
	bool url_path_cut;
	struct socket_address peer;
	char url_path[URL_PATH_BYTES + 1];
	char trace_state[TRACE_STATE_BYTES + 1];
};

/* A session that has ended. */
struct ring_session {
	enum task_role role;
	enum session_end end;
	uint64_t messages_sent;
	uint64_t messages_received;
};

struct ring_record {
	enum record_kind kind;
	struct ring_span span;
	union {
		struct ring_http_request http_request;
		struct ring_session session;
	};
};

/* Decodes the `size` bytes of one record. -EPROTO when kind, version, size or a value is none that
 * the kernel side writes. */
int ring_decode(const void *bytes, size_t size, struct ring_record *ret_record);

struct ring;

/* Takes a decoded record. A negative return stops draining. */
typedef int (*ring_callback)(void *context, const struct ring_record *record);

/* A reader of the ring buffer map `map_fd`. */
int ring__new(int map_fd, ring_callback callback, void *context, struct ring **ret_ring,
	      struct error *error);
void ring__free(struct ring *ring);

/* Readable when the ring fills; below that it has to be drained by the clock. */
int ring__fd(const struct ring *ring);

/* Takes all that is there. Returns how many records, or a negative errno. */
int ring__drain(struct ring *ring);

/* Records that made no sense, since the start. */
uint64_t ring__malformed(const struct ring *ring);

static inline void ring__freep(struct ring **ring)
{
	ring__free(*ring);
}

#endif
