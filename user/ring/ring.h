/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_RING_RING_H
#define SCOTTYSCOPE_RING_RING_H

/* Decoded and validated records from the kernel side. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire.h"

/* Fields of a span that every record has. Times are monotonic nanoseconds. */
struct ring_span {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_span_id[8]; /* all zero: a root span */
	bool parent_is_remote;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t busy_ns; /* in polls; TIMES_UNKNOWN: not all polls were recorded */
	uint64_t runq_ns; /* in run queues; TIMES_UNKNOWN: not recorded */
	uint64_t slow_count;
	struct slow_poll slow[SLOW_POLL_LIMIT]; /* the first slow polls */
};

/* A finished request. Texts are within their capacity and terminated. */
struct ring_http_request {
	uint64_t route;
	uint16_t status; /* or HTTP_STATUS_ABORTED, HTTP_STATUS_UNKNOWN */
	enum http_method method;
	bool url_path_cut;
	bool method_cut;
	struct socket_address peer;
	char method_text[METHOD_TEXT_BYTES + 1]; /* of an OTHER method; "" if it is no token */
	char url_path[URL_PATH_BYTES + 1];
	char trace_state[TRACE_STATE_BYTES + 1];
};

/* A finished session. */
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

/* Decodes one record of `size` bytes. -EPROTO if type, version, size or a value differs from the
 * records of the kernel side. */
int ring_decode(const void *bytes, size_t size, struct ring_record *ret_record);

struct ring;

/* Called with a decoded record. A negative return stops draining. */
typedef int (*ring_callback)(void *context, const struct ring_record *record);

/* Creates a reader of the ring buffer map `map_fd`. `*ret_ring` belongs to the caller. */
int ring__new(int map_fd, ring_callback callback, void *context, struct ring **ret_ring,
	      struct error *error);
void ring__free(struct ring *ring);

/* Returns a descriptor that becomes readable when the ring fills. Below that level, the caller
 * drains the ring by a timer. */
int ring__fd(const struct ring *ring);

/* Reads all available records. Returns the number of records, or a negative errno. */
int ring__drain(struct ring *ring);

/* Returns the number of malformed records since the start. */
uint64_t ring__malformed(const struct ring *ring);

static inline void ring__freep(struct ring **ring)
{
	ring__free(*ring);
}

#endif
