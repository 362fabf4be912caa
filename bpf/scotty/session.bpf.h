/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SESSION_BPF_H
#define SCOTTYSCOPE_SESSION_BPF_H

/* Sessions: tasks of which each run is counted, timed and a span of its own, from their spawn (a
 * websocket: from its opening) to the end of the task, however that ends. */

#include "core/span.bpf.h"

/* The first role that is a session; all after it are. */
#define ROLE_FIRST_SESSION ROLE_WEBSOCKET

static __always_inline struct session_totals *session_total(__u32 role)
{
	return bpf_map_lookup_elem(&session_totals, &role);
}

static __always_inline struct task_session *find_session(__u64 header)
{
	return bpf_map_lookup_elem(&sessions, &header);
}

/* Begins the session that the task at `header` is, in the task's context, which becomes the
 * session's own. One from before the attachment has no start and no span. */
static __always_inline struct task_session *begin_session(__u64 header, struct task *task,
							  __u8 role, __u64 now_ns)
{
	struct session_totals *total = session_total(role);
	struct task_session *session;
	__u32 zero = 0;
	void *fresh;

	task->kind.role = role;
	task->session = header;
	fresh = bpf_map_lookup_elem(&new_session, &zero);
	if (!fresh || bpf_map_update_elem(&sessions, &header, fresh, BPF_NOEXIST))
		lose(LOSS_SESSIONS_FULL);
	session = find_session(header);
	if (session) {
		session->role = role;
		if (!(task->flags & TASK_CENSUS)) {
			start_span(&session->span, now_ns, &task->context, task);
			inherit(&task->context, &session->span.context);
		}
	}
	if (total && !(task->flags & TASK_CENSUS)) {
		task->flags |= TASK_SESSION;
		add(&total->started, 1);
	}
	return session;
}

static __always_inline void send_session(const struct task_session *session,
					 const struct task *task, __u64 end_ns)
{
	struct record_session *record;

	if (!ends_exported(&session->span, end_ns))
		return;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		lose(LOSS_RING_FULL);
		return;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->header.kind = RECORD_SESSION;
	record->header.version = WIRE_VERSION;
	record->header.size = sizeof(*record);
	record->span = session->span;
	end_span_times(&record->span, task, 0);
	record->end_ns = end_ns;
	record->sent = session->sent;
	record->received = session->received;
	record->role = session->role;
	record->end = session->end;
	bpf_ringbuf_submit(record, wake_up_flags());
}

/* A message to the session's client that says how the session ends. The first word counts: an end
 * that follows an error does not mend it. */
static __always_inline void note_session_end(struct task_session *session, enum session_end end)
{
	if (session->end == SESSION_ENDED)
		session->end = (__u8)end;
}

/* Ends the session that the task at `header` was. */
static __always_inline void end_session(__u64 header, const struct task *task, __u64 now_ns,
					enum session_end outcome)
{
	struct session_totals *total = session_total(task->kind.role);
	struct task_session *session = find_session(header);
	enum session_end end = outcome;

	if (session) {
		if (outcome != SESSION_ENDED)
			note_session_end(session, outcome);
		end = session->end;
	}
	/* A websocket that was never opened was none. */
	if (total && task->flags & (TASK_SESSION | TASK_CENSUS)) {
		add(&total->ended, 1);
		if (end == SESSION_FAILED || end == SESSION_PANICKED)
			add(&total->failed, 1);
		else if (end == SESSION_TIMED_OUT)
			add(&total->timed_out, 1);
		if (session && session->span.start_ns)
			observe(&total->durations, now_ns - session->span.start_ns,
				session_bounds_ns);
	}
	if (!session)
		return;
	send_session(session, task, now_ns);
	bpf_map_delete_elem(&sessions, &header);
}

#endif
