/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_LINK_BPF_H
#define SCOTTYSCOPE_HTTP_LINK_BPF_H

/* The link from a task to the request that it was spawned for. A router or a handler may run in such
 * a task. A route that matches there belongs to the request until the response is finalized. */

#include "http/connection.bpf.h"

/* Value of `request_start_ns` for a task whose requests are not measured. */
#define REQUEST_NOT_MEASURED 1

/* Links a task that is spawned by the task `parent`, which may be NULL, to the request that the poll
 * works for: that of `connection`, in the task at `header`, or with NULL the request of the parent. */
static __always_inline void http_link_task(struct task *child, const struct task *parent,
					   const struct http_connection *connection, __u64 header)
{
	if (connection) {
		child->request = connection->previous ? connection->buffer : header;
		child->request_start_ns = connection->start_ns;
	} else if (parent) {
		child->request = parent->request;
		child->request_start_ns = parent->request_start_ns;
	}
}

/* Marks that the request of the task's connection is dropped. Returns false if it was marked before. */
static __always_inline bool http_mark_dropped(__u64 header)
{
	struct task *task = bpf_map_lookup_elem(&tasks, &header);

	if (!task)
		return true;
	if (task->flags & TASK_HTTP_DROPPED)
		return false;
	task->flags |= TASK_HTTP_DROPPED;
	return true;
}

/* Whether the task's connection has a request that was counted as dropped; the next one is another. */
static __always_inline bool http_take_dropped(__u64 header)
{
	struct task *task = bpf_map_lookup_elem(&tasks, &header);

	if (!task || !(task->flags & TASK_HTTP_DROPPED))
		return false;
	task->flags &= ~(__u32)TASK_HTTP_DROPPED;
	return true;
}

/* The connection whose request the task at `header` was spawned for; NULL if there is none or if
 * the request is finalized. Sets `is_unknown` if the task works for a request that is not known. */
static __always_inline struct http_connection *http_find_linked(__u64 header, bool *is_unknown)
{
	struct task *task = bpf_map_lookup_elem(&tasks, &header);
	__u64 start_ns = task ? task->request_start_ns : 0, key;
	struct http_connection *connection;

	*is_unknown = !start_ns && !(task && (task->kind.role == ROLE_HTTP_CONNECTION ||
					      task->flags & TASK_HTTP_DROPPED));
	if (!task || !start_ns)
		return NULL;
	key = task->request;
	connection = bpf_map_lookup_elem(&http_connections, &key);
	return connection && connection->start_ns == start_ns ? connection : NULL;
}

#endif
