/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SESSION_OUTCOME_BPF_H
#define SCOTTYSCOPE_SESSION_OUTCOME_BPF_H

/* Outcomes of sessions, from the messages to their clients. */

#include "scotty/message_type.bpf.h"
#include "scotty/session.bpf.h"

/* Handles a message that tells the outcome of the session with this role. Where messages are
 * observed in their frames only, `session` is NULL: the outcome is counted, but not stored with the
 * session's span. */
static __always_inline void handle_end(struct task_session *session, __u32 role,
				       enum session_end end)
{
	struct session_totals *totals;

	if (session) {
		if (session->role == role)
			set_session_end(session, end);
		return;
	}
	totals = totals_of_role(role);
	if (totals)
		add(end == SESSION_TIMED_OUT ? &totals->timed_out : &totals->failed, 1);
}

/* Handles a message to a client by its type, an enum message_type. */
static __always_inline void handle_message(struct task_session *session, int type)
{
	switch (type) {
	case MESSAGE_UNREAD:
		count_drop(DROP_READ_FAULT);
		break;
	case MESSAGE_ERROR:
		if (session && session->request == REQUEST_LOG_STREAM)
			refuse_request(session);
		break;
	case MESSAGE_AUTHENTICATION_FAILED:
		count_event(EVENT_AUTHENTICATION_FAILED);
		break;
	case MESSAGE_SHELL_ERROR:
		handle_end(session, ROLE_SHELL, SESSION_FAILED);
		break;
	case MESSAGE_SHELL_TIMED_OUT:
		handle_end(session, ROLE_SHELL, SESSION_TIMED_OUT);
		break;
	case MESSAGE_LOG_ERROR:
		handle_end(session, ROLE_LOG_STREAM, SESSION_FAILED);
		break;
	}
}

#endif
