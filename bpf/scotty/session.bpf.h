/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SESSION_BPF_H
#define SCOTTYSCOPE_SESSION_BPF_H

/* Sessions: tasks that are counted, timed and exported as a span each, from their spawn (a
 * websocket: from its opening) to the end of the task. */

#include "core/counters.bpf.h"
#include "core/scratch.bpf.h"
#include "scotty/maps.bpf.h"
#include "tokio/current.bpf.h"

/* All roles from this one on are sessions. */
#define ROLE_FIRST_SESSION ROLE_WEBSOCKET

static __always_inline struct session_totals *totals_of_role(__u32 role)
{
	return bpf_map_lookup_elem(&session_totals, &role);
}

static __always_inline struct task_session *find_session(__u64 header)
{
	return bpf_map_lookup_elem(&sessions, &header);
}

/* Starts the session of the task at `header`. Its span continues the task's trace context and
 * becomes that context. A session from before the attachment has no start and no span. Returns the
 * session; NULL if the map is full. */
__hidden struct task_session *start_session(__u64 header, struct task *task, __u8 role,
					    __u64 now_ns);

/* Ends the session of the task at `header`: counts it, sends its span and deletes it. */
__hidden void end_session(__u64 header, const struct task *task, __u64 now_ns,
			  enum session_end outcome);

/* Stores the outcome that a message to the session's client tells. The first one other than
 * SESSION_ENDED counts. */
static __always_inline void set_session_end(struct task_session *session, enum session_end end)
{
	if (session->end == SESSION_ENDED)
		session->end = (__u8)end;
}

/* Counts a log stream that a client asked for and did not get. */
static __always_inline void refuse_request(struct task_session *session)
{
	session->request = REQUEST_NONE;
	count_event(EVENT_LOG_STREAM_REFUSED);
}

/* Marks the log stream request of the polled websocket as served: its log stream is being
 * spawned. */
static __always_inline void serve_request(__u32 tid)
{
	struct poll_frame *frame = current_poll(tid);
	struct task_session *session = frame ? find_session(frame->header) : NULL;

	if (session && session->request == REQUEST_LOG_STREAM)
		session->request = REQUEST_LOG_STREAM_SERVED;
}

/* Starts the session of a task that has just been inserted. */
static __always_inline void start_session_task(__u64 header, struct task *task, __u32 tid)
{
	struct session_totals *totals;

	if (task->flags & TASK_PREEXISTING) {
		totals = totals_of_role(task->kind.role);
		if (totals)
			add(&totals->preexisting, 1);
		return;
	}
	/* A websocket opens later; if its upgrade fails, never. */
	if (task->kind.role == ROLE_WEBSOCKET)
		return;
	start_session(header, task, task->kind.role, bpf_ktime_get_ns());
	if (task->kind.role == ROLE_LOG_STREAM)
		serve_request(tid);
}

#endif
