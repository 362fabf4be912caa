// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "scotty/session.bpf.h"

#include "core/span.bpf.h"

__hidden struct task_session *start_session(__u64 header, struct task *task, __u8 role,
					    __u64 now_ns)
{
	struct session_totals *totals = totals_of_role(role);
	bool is_new = !(task->flags & TASK_PREEXISTING);
	struct task_session *session;

	task->kind.role = role;
	task->session = header;
	session = get_or_init(&sessions, &header, &new_session);
	if (!session)
		count_drop(DROP_SESSIONS_FULL);
	if (session) {
		session->role = role;
		if (is_new) {
			start_span(&session->span, now_ns, &task->context, task);
			inherit(&task->context, &session->span.context);
		}
	}
	if (totals && is_new) {
		task->flags |= TASK_SESSION;
		add(&totals->started, 1);
	}
	return session;
}

static __always_inline void send_session(const struct task_session *session,
					 const struct task *task, __u64 end_ns)
{
	struct record_session *record;

	if (!is_exported(&session->span, end_ns))
		return;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		count_drop(DROP_RING_FULL);
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
	bpf_ringbuf_submit(record, submit_flags());
}

static __always_inline void count_session(const struct task_session *session,
					  const struct task *task, __u64 now_ns,
					  enum session_end end)
{
	struct session_totals *totals = totals_of_role(task->kind.role);

	/* A websocket that was never opened is no session. */
	if (!totals || !(task->flags & (TASK_SESSION | TASK_PREEXISTING)))
		return;
	add(&totals->ended, 1);
	if (end == SESSION_FAILED || end == SESSION_PANICKED)
		add(&totals->failed, 1);
	else if (end == SESSION_TIMED_OUT)
		add(&totals->timed_out, 1);
	if (session && session->span.start_ns)
		observe(&totals->durations, now_ns - session->span.start_ns,
			settings.session_bounds_ns);
}

/* Counts the last message of a websocket, which no later frame confirms: the handler ended while or
 * after it handled the message. If the payload had not arrived with the head, the client may have
 * left before it sent the rest. A handler that ends by itself may do so because tungstenite refused
 * the payload; a handler that panics or is cancelled has the message. */
static __always_inline void end_message(struct task_session *session, enum session_end outcome)
{
	__u8 known = outcome == SESSION_PANICKED || outcome == SESSION_CANCELLED ? MESSAGE_WHOLE
										 : MESSAGE_VALID;

	if (!(session->message_flags & MESSAGE_PENDING))
		return;
	if (!(session->message_flags & known)) {
		count_check(CHECK_MESSAGE_UNCONFIRMED);
		return;
	}
	session->received++;
	count_event(EVENT_MESSAGES_RECEIVED);
}

__hidden void end_session(__u64 header, const struct task *task, __u64 now_ns,
			  enum session_end outcome)
{
	struct task_session *session = find_session(header);

	if (session && outcome != SESSION_ENDED)
		set_session_end(session, outcome);
	count_session(session, task, now_ns, session ? (enum session_end)session->end : outcome);
	if (!session)
		return;
	end_message(session, outcome);
	send_session(session, task, now_ns);
	bpf_map_delete_elem(&sessions, &header);
}
