// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "http/connection.bpf.h"

/* Makes the connection the first one of the list of `first`, the connection with the task's key. */
static __always_inline void link_connection(struct http_connection *first, __u64 header,
					    struct http_connection *connection, __u64 key)
{
	struct http_connection *next = first->next ? http_find_connection(first->next) : NULL;

	connection->previous = header;
	connection->next = first->next;
	if (next)
		next->previous = key;
	first->next = key;
}

static __always_inline void unlink_connection(struct http_connection *connection, __u64 key)
{
	struct http_connection *previous = http_find_connection(connection->previous);
	struct http_connection *next =
		connection->next ? http_find_connection(connection->next) : NULL;

	if (previous && previous->next == key)
		previous->next = connection->next;
	if (next)
		next->previous = connection->previous;
}

/* Inserts a connection besides the task's first one. The times of a task with several connections
 * are the times of no request. */
static __always_inline bool insert_other(struct http_connection *first, __u64 header, __u64 buffer)
{
	struct http_connection *connection =
		get_or_init(&http_connections, &buffer, &new_connection);

	if (!connection)
		return false;
	connection->buffer = buffer;
	link_connection(first, header, connection, buffer);
	first->span.busy_ns = TIMES_UNKNOWN;
	return true;
}

__u64 http_key_of_other(__u64 header, __u64 buffer)
{
	struct http_connection *first = http_find_connection(header);

	if (!first)
		return 0;
	if (http_find_connection(buffer))
		return buffer;
	if (!first->seen_ns && !first->start_ns) {
		first->buffer = buffer;
		first->peer.family = 0;
		first->has_socket = 0;
		return header;
	}
	return insert_other(first, header, buffer) ? buffer : 0;
}

__u64 http_key_of_output(__u64 header, __u64 output)
{
	struct http_connection *connection = http_find_connection(header);
	__u64 key = output - output_distance;

	if (output_distance && http_find_connection(key))
		return key;
	key = connection ? connection->next : 0;
	for (int i = 0; i < CONNECTIONS_SEARCHED && key; i++) {
		connection = http_find_connection(key);
		if (!connection)
			return 0;
		if (is_near(connection->buffer, output))
			return key;
		key = connection->next;
	}
	return 0;
}

__hidden void http_release(struct http_connection *connection, __u64 key)
{
	unlink_connection(connection, key);
	bpf_map_delete_elem(&http_connections, &key);
}

int http_move_to_front(__u64 header, __u64 key)
{
	struct http_connection *first = http_find_connection(header);
	struct http_connection *connection = http_find_connection(key);

	if (!first || !connection || first->next == key)
		return 0;
	unlink_connection(connection, key);
	link_connection(first, header, connection, key);
	return 0;
}

/* Ends the request of one connection, or finalizes its response only. Returns the key of the next
 * connection to visit; 0 for none. A global function, which the verifier checks once. */
__weak __noinline __u64 http_visit(__u64 key, __u64 now_ns, int is_end)
{
	struct http_connection *connection = http_find_connection(key);
	__u64 next;

	if (!connection || !(is_end || connection->end_ns))
		return 0;
	next = connection->next;
	if (connection->start_ns)
		http_end_request(connection, key, now_ns, !is_end);
	else
		http_release(connection, key);
	return next;
}

int http_finalize_others(__u64 header)
{
	struct http_connection *first = http_find_connection(header);
	__u64 key = first ? first->next : 0;

	for (int i = 0; i < CONNECTIONS_VISITED && key; i++)
		key = http_visit(key, 0, false);
	return 0;
}

int http_end_others(__u64 header, __u64 now_ns)
{
	struct http_connection *first = http_find_connection(header);
	__u64 key = first ? first->next : 0;

	for (int i = 0; i < CONNECTIONS_VISITED && key; i++)
		key = http_visit(key, now_ns, true);
	if (key)
		count_drop(DROP_CONNECTIONS_FULL);
	return 0;
}
