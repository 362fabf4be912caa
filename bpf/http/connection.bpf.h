/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_CONNECTION_BPF_H
#define SCOTTYSCOPE_HTTP_CONNECTION_BPF_H

/* Connections by their keys. Most tasks drive one connection, whose key is the task's header. If a
 * task drives several, the others have the address of hyper's buffer as key while they have a
 * request, and are a list that starts at the first one. An idle connection needs no entry: the next
 * one takes its entry over. */

#include "http/finalize.bpf.h"

/* hyper has the buffers for heads in and out of a connection in one object, at a distance that the
 * compiler chooses (hyper/src/proto/h1/io.rs, Buffered). Objects of two connections are larger. */
#define CONNECTION_OBJECT_BYTES 512

/* Connections of a list that are searched for an output; those that are finalized in one poll, and
 * at the end of a task. */
#define CONNECTIONS_SEARCHED 64
#define CONNECTIONS_VISITED  1024

/* The distance between both buffers in the last response; 0: none yet. */
__weak __u64 output_distance;

/* The key of the connection with this buffer in a task whose first connection has another one.
 * Inserts the connection if it is new; 0 if the map is full. Global functions, as those below: the
 * verifier checks each once. */
__u64 http_key_of_other(__u64 header, __u64 buffer);

/* The key of the other connection of the task that writes to the vector at `output`; 0: unknown. */
__u64 http_key_of_output(__u64 header, __u64 output);

/* Makes a connection the first one of the list: its response waits for the end of the poll. */
int http_move_to_front(__u64 header, __u64 key);

/* Finalizes the responses at the front of the list of the task's other connections; ends all of these
 * connections. */
int http_finalize_others(__u64 header);
int http_end_others(__u64 header, __u64 now_ns);

static __always_inline struct http_connection *http_find_connection(__u64 key)
{
	return bpf_map_lookup_elem(&http_connections, &key);
}

/* The task's first connection, inserted if it is new; NULL if the map is full. */
static __always_inline struct http_connection *get_or_init_connection(__u64 header)
{
	return get_or_init(&http_connections, &header, &new_connection);
}

/* The connection with this buffer, inserted if it is new, and its key; NULL if the map is full. */
static __always_inline struct http_connection *http_find_reader(__u64 header, __u64 buffer,
								__u64 *key)
{
	struct http_connection *first = get_or_init_connection(header);

	*key = header;
	if (!first || first->buffer == buffer)
		return first;
	if (!first->buffer) {
		first->buffer = buffer;
		return first;
	}
	*key = http_key_of_other(header, buffer);
	return *key ? http_find_connection(*key) : NULL;
}

static __always_inline bool is_near(__u64 buffer, __u64 output)
{
	return output - buffer + CONNECTION_OBJECT_BYTES < 2 * CONNECTION_OBJECT_BYTES;
}

/* The connection that writes a response head to the vector at `output`, and its key; NULL: unknown. */
static __always_inline struct http_connection *http_find_writer(__u64 header, __u64 output,
								__u64 *key)
{
	struct http_connection *first = http_find_connection(header);

	*key = header;
	if (!first)
		return NULL;
	if (is_near(first->buffer, output)) {
		if (output_distance != output - first->buffer)
			output_distance = output - first->buffer;
		return first;
	}
	/* Without a known distance the only connection is the one. */
	if (!first->next)
		return output_distance ? NULL : first;
	*key = http_key_of_output(header, output);
	return *key ? http_find_connection(*key) : NULL;
}

/* Marks the connection whose request head is parsed in this poll of a task with several. */
static __always_inline void http_set_working(struct http_connection *connection,
					     const struct poll_frame *frame, __u64 key)
{
	struct http_connection *first =
		connection->previous ? http_find_connection(frame->header) : connection;

	if (!first || !first->next)
		return;
	first->working = key;
	first->working_poll_ns = frame->flags & FRAME_UNTRACKED ? 0 : frame->start_ns;
}

static __always_inline struct http_connection *if_waiting(struct http_connection *connection)
{
	return connection && connection->start_ns && !connection->end_ns ? connection : NULL;
}

/* The connection whose request the poll works for, if the request waits for its response; else NULL.
 * `first` is the task's first connection or NULL. In a task with several, that is the connection whose
 * request head was parsed last in this poll, or the only one with a request. */
static __always_inline struct http_connection *http_find_working(struct http_connection *first,
								 const struct poll_frame *frame)
{
	__u64 poll_ns = frame->flags & FRAME_UNTRACKED ? 0 : frame->start_ns;
	struct http_connection *second;

	if (!first || !first->next)
		return if_waiting(first);
	if (first->working_poll_ns == poll_ns)
		return if_waiting(http_find_connection(first->working));
	second = http_find_connection(first->next);
	return second && !second->next && !first->start_ns ? if_waiting(second) : NULL;
}

/* The span of the task's request; NULL for none, or if the task drives several connections. */
static __always_inline struct span_state *http_request_span(__u64 header)
{
	struct http_connection *connection = http_find_connection(header);

	return connection && connection->start_ns && !connection->next ? &connection->span : NULL;
}

/* Sets whether each poll of the connection's task ends with http_finalize_poll(). */
static __always_inline void await_delivery(__u64 header, bool is_pending)
{
	struct task *task = bpf_map_lookup_elem(&tasks, &header);

	if (!task)
		return;
	if (is_pending)
		task->flags |= TASK_RESPONSE_PENDING;
	else
		task->flags &= ~(__u32)TASK_RESPONSE_PENDING;
}

/* Finalizes the responses that the poll, or an earlier one, wrote, at the end of the poll. A response
 * that hyper has not sent yet waits for a later poll, if its task drives one connection only. */
static __always_inline void http_finalize_poll(__u64 header)
{
	struct http_connection *connection = http_find_connection(header);
	bool was_pending;

	if (!connection)
		return;
	if (connection->next)
		http_finalize_others(header);
	was_pending = connection->delivery == DELIVERY_PENDING;
	if (!connection->end_ns)
		await_delivery(header, false);
	else if (!http_finalize(connection, header, true))
		await_delivery(header, true);
	else if (was_pending)
		await_delivery(header, false);
}

/* Ends the connection's request. A request without a response was aborted, by its client or by a
 * panic of its handler; so was one whose response was never sent. `output_is_live` is false after the
 * end of the connection, when its memory may belong to another one. */
static __always_inline void http_end_request(struct http_connection *connection, __u64 key,
					     __u64 now_ns, bool output_is_live)
{
	if (connection->end_ns) {
		if (output_is_live)
			http_finalize(connection, key, false);
		else
			http_finalize_gone(connection, key, now_ns);
	} else if (connection->start_ns) {
		if (settings.emit_spans)
			end_request_times(connection, key, 0);
		http_finish_request(connection, key, HTTP_STATUS_ABORTED, now_ns);
	} else if (connection->is_unread) {
		count_drop(DROP_HEAD_UNREAD);
	}
}

/* Ends the request before the head that hyper parses, if there is one: its response was written or,
 * if not though its head was whole, the connection is another one in the same memory. Returns whether
 * there was one. */
static __always_inline bool http_end_before(struct http_connection *connection, __u64 key,
					    __u64 now_ns)
{
	if (!connection->end_ns && !(connection->start_ns && connection->is_whole))
		return false;
	http_end_request(connection, key, now_ns, true);
	return true;
}

/* Deletes the task's connections at the end of the task. */
static __always_inline void http_end_connection(__u64 header, __u64 now_ns)
{
	struct http_connection *connection = http_find_connection(header);

	if (!connection)
		return;
	if (connection->next)
		http_end_others(header, now_ns);
	http_end_request(connection, header, now_ns, false);
	bpf_map_delete_elem(&http_connections, &header);
}

#endif
