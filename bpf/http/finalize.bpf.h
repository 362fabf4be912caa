/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_FINALIZE_BPF_H
#define SCOTTYSCOPE_HTTP_FINALIZE_BPF_H

/* The end of a request: its status is decided, the request is counted in its label set, and its
 * span is sent. That happens not at the response head but at the next hook of the connection's
 * task: then hyper has tried to send the head, and the written text can be compared with the status
 * in memory. */

#include "core/span.bpf.h"
#include "http/maps.bpf.h"
#include "http/status.h"
#include "tokio/current.bpf.h"

/* Counts the request with this status, sends its span and resets the connection. Returns false if the
 * connection's entry was deleted, because its key is not its task's. */
__hidden bool http_finish_request(struct http_connection *connection, __u64 header, __u16 status,
				  __u64 end_ns);

/* Finalizes the response of a connection whose `end_ns` is set and that exists still. With
 * `may_wait`, returns false and leaves a response that hyper has not sent yet. */
__hidden bool http_finalize(struct http_connection *connection, __u64 header, bool may_wait);

/* As http_finalize(), at the end of the connection, when its memory may belong to another one. */
__hidden void http_finalize_gone(struct http_connection *connection, __u64 header, __u64 now_ns);

/* Deletes the entry of a connection that has another key than its task's. */
__hidden void http_release(struct http_connection *connection, __u64 key);

/* Whether the request's route may be observed after the response head: at the drop of the path. */
static __always_inline bool route_may_come(const struct http_connection *connection)
{
	return !settings.routes_come_first && request_route(connection) == ROUTE_UNMATCHED;
}

/* Whether the status in memory equalled the written one often enough, and always. Its place is fixed
 * in the server's code. */
static __always_inline bool memory_agrees(void)
{
	__u64 agreements = status_agreements;

	return agreements >= AGREEMENTS_TO_TRUST && agreements < AGREEMENTS_NEVER;
}

/* Whether the status in memory is used without a comparison: one response in 64 is compared, and one
 * difference ends the trust permanently. The middle bits of the clock serve as a random number. */
static __always_inline bool memory_is_trusted(__u64 now_ns)
{
	return memory_agrees() && (now_ns >> 8 & 63);
}

/* Sets the times of the request's span. `in_poll_ns` is the elapsed time of the poll in
 * progress. */
static __always_inline void end_request_times(struct http_connection *connection, __u64 header,
					      __u64 in_poll_ns)
{
	end_span_times(&connection->span, bpf_map_lookup_elem(&tasks, &header), in_poll_ns);
}

#endif
