// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Dispatches the events of tasks and polls to the libraries. A new role of tasks is a case here and
 * a folder with its code. */

#include "http/connection.bpf.h"
#include "http/link.bpf.h"
#include "scotty/app_inspection.bpf.h"
#include "scotty/session.bpf.h"
#include "scotty/task_outcome.bpf.h"
#include "tokio/events.bpf.h"
#include "tokio/task.bpf.h"
#include "websocket/verify.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Hands the session, the request and the trace context of the poll in progress down to the task that
 * it spawns. A connection's task hands down the context of its current request. */
static __always_inline void inherit_from_poll(struct task *child, __u32 tid)
{
	struct poll_frame *frame = current_poll(tid);
	struct http_connection *connection;
	struct task *parent;
	__u8 role;

	if (!frame)
		return;
	parent = bpf_map_lookup_elem(&tasks, &frame->header);
	role = polled_role(frame, parent);
	/* A compose task may run another one as a part of itself: no session of its own. */
	if (child->kind.role == ROLE_COMPOSE_TASK && role == ROLE_COMPOSE_TASK)
		child->kind.role = ROLE_NONE;
	if (parent)
		child->session = parent->session;
	connection = http_find_working(http_find_connection(frame->header), frame);
	http_link_task(child, parent, connection, frame->header);
	if (!settings.emit_spans)
		return;
	if (connection)
		inherit(&child->context, &connection->span.context);
	else if (parent)
		child->context = parent->context;
}

__hidden void handle_task_spawned(__u64 header, struct task *task, __u32 tid, bool is_spawn)
{
	if (!(task->flags & TASK_PREEXISTING))
		inherit_from_poll(task, tid);
	switch (task->kind.role) {
	case ROLE_NONE:
	case ROLE_HTTP_CONNECTION:
		break;
	case ROLE_APP_CHECK:
		if (is_spawn)
			start_inspection(header, tid);
		break;
	default:
		start_session_task(header, task, tid);
	}
}

__hidden void handle_poll_ended(struct thread *thread, struct poll_frame *frame, __u64 awake)
{
	if (frame->flags & FRAME_APP_CHECK)
		end_check_spawning(frame);
	/* If another thread runs the task by now, its next hook finalizes the response. The end of the
	 * task finalizes the last one. */
	if (frame->flags & FRAME_HTTP_PENDING && awake &&
	    (!(awake & STATE_RUNNING) || is_idle(frame->header, STATE_RUNNING)))
		http_finalize_poll(frame->header);
	if (frame->flags & FRAME_WEBSOCKET_PENDING)
		verify_written_frame(thread);
}

/* Adds the poll to the span that it was a part of. */
__hidden void handle_slow_poll(const struct poll_frame *frame, __u64 duration_ns)
{
	struct span_state *span = http_request_span(frame->header);
	struct task_session *session = find_session(frame->header);

	if (span)
		add_slow_poll(span, frame->start_ns, duration_ns);
	if (session)
		add_slow_poll(&session->span, frame->start_ns, duration_ns);
}

__hidden __u32 handle_poll_dropped(struct thread *thread, const struct poll_frame *frame,
				   __u64 header)
{
	drop_written_frame(thread);
	/* The poll may be in progress still, and with it the check that it started. */
	if (frame->header != header || !(frame->flags & FRAME_APP_CHECK))
		return 0;
	return frame->flags & (FRAME_APP_CHECK | ~0U << FRAME_APP_CHECK_SHIFT);
}

__hidden void handle_task_completed(__u64 header, struct task *task, __u64 now_ns)
{
	/* The connection may be known where the task or its role is not. */
	http_end_connection(header, now_ns);
	if (!task)
		return;
	if (task->kind.role == ROLE_APP_CHECK)
		end_inspection(header, task->kind.id_word);
	else if (task->kind.role >= ROLE_FIRST_SESSION)
		end_session_task(header, task, now_ns);
}

__hidden void handle_task_reused(__u64 header, struct task *task, __u64 now_ns)
{
	if (task->kind.role >= ROLE_FIRST_SESSION)
		end_session(header, task, now_ns, SESSION_CANCELLED);
	else if (task->kind.role == ROLE_HTTP_CONNECTION)
		http_end_connection(header, now_ns);
}
