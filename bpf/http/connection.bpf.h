/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_CONNECTION_BPF_H
#define SCOTTYSCOPE_HTTP_CONNECTION_BPF_H

/* Connections by the header of their task. */

#include "http/finalize.bpf.h"

static __always_inline struct http_connection *get_or_init_connection(__u64 header)
{
	struct http_connection *connection =
		get_or_init(&http_connections, &header, &new_connection);

	if (!connection)
		count_drop(DROP_CONNECTIONS_FULL);
	return connection;
}

/* The trace context of the connection's request; NULL if none waits for its response. */
static __always_inline const struct trace_context *http_request_context(__u64 header)
{
	struct http_connection *connection = bpf_map_lookup_elem(&http_connections, &header);

	return connection && connection->start_ns && !connection->end_ns ? &connection->span.context
									 : NULL;
}

/* The span of the connection's request; NULL for none. */
static __always_inline struct span_state *http_request_span(__u64 header)
{
	struct http_connection *connection = bpf_map_lookup_elem(&http_connections, &header);

	return connection && connection->start_ns ? &connection->span : NULL;
}

/* Finalizes the response head that the poll wrote, at the end of the poll. */
static __always_inline void http_finalize_poll(__u64 header)
{
	struct http_connection *connection = bpf_map_lookup_elem(&http_connections, &header);

	if (connection && connection->end_ns)
		http_finalize(connection, header, true);
}

/* Deletes the connection at the end of its task. A request without a response was aborted, by its
 * client or by a panic of its handler. */
static __always_inline void http_end_connection(__u64 header, __u64 now_ns)
{
	struct http_connection *connection = bpf_map_lookup_elem(&http_connections, &header);

	if (!connection)
		return;
	if (connection->end_ns) {
		http_finalize(connection, header, false);
	} else if (connection->start_ns) {
		if (settings.emit_spans)
			end_request_times(connection, header, 0);
		http_finish_request(connection, header, HTTP_STATUS_ABORTED, now_ns);
	}
	bpf_map_delete_elem(&http_connections, &header);
}

#endif
