/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_REQUEST_BPF_H
#define SCOTTYSCOPE_HTTP_REQUEST_BPF_H

#include "http/connection.bpf.h"

/* Starts the connection's request at `now_ns`; `caller` is the trace context of the caller or
 * NULL. */
static __always_inline void start_request(struct http_connection *connection,
					  const struct poll_frame *frame, __u64 now_ns,
					  const struct trace_context *caller)
{
	bool is_tracked = !(frame->flags & FRAME_UNTRACKED) && !connection->previous;
	const struct task *task = NULL;

	connection->start_ns = now_ns;
	connection->route = ROUTE_UNMATCHED;
	connection->nest = 0;
	ADD_TO_COUNTER(requests_started, 1);
	if (!settings.emit_spans)
		return;
	/* Without poll probes the times of a task are unknown. Those of a task with several
	 * connections are not those of a request. */
	if (is_tracked)
		task = bpf_map_lookup_elem(&tasks, &frame->header);
	start_span(&connection->span, now_ns, caller, task);
	/* The elapsed part of the poll in progress does not belong to the request. */
	if (is_tracked)
		connection->span.busy_ns += now_ns - frame->start_ns;
	else
		connection->span.busy_ns = TIMES_UNKNOWN;
}

#endif
