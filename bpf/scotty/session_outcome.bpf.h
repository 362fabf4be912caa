/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SESSION_OUTCOME_BPF_H
#define SCOTTYSCOPE_SESSION_OUTCOME_BPF_H

/* How sessions end, by the messages to their clients. */

#include "scotty/session.bpf.h"
#include "websocket/verify.bpf.h"

#include "scotty/message.bpf.h"

/* A message that says how the session it is about ends. Where messages are seen only in their frames,
 * `session` is NULL: the end is counted, but the session's span does not tell it. */
static __always_inline void note_end(struct task_session *session, __u32 role, enum session_end end)
{
	struct session_totals *total;

	if (session) {
		if (session->role == role)
			note_session_end(session, end);
		return;
	}
	total = session_total(role);
	if (total)
		add(end == SESSION_TIMED_OUT ? &total->timed_out : &total->failed, 1);
}

static __always_inline void see_outcome(struct task_session *session, int type)
{
	switch (type) {
	case MESSAGE_ERROR:
		if (session && session->request == REQUEST_LOG_STREAM)
			refuse_request(session);
		break;
	case MESSAGE_AUTHENTICATION_FAILED:
		count_event(EVENT_AUTHENTICATION_FAILED);
		break;
	case MESSAGE_SHELL_ERROR:
		note_end(session, ROLE_SHELL, SESSION_FAILED);
		break;
	case MESSAGE_SHELL_TIMED_OUT:
		note_end(session, ROLE_SHELL, SESSION_TIMED_OUT);
		break;
	case MESSAGE_LOG_ERROR:
		note_end(session, ROLE_LOG_STREAM, SESSION_FAILED);
		break;
	}
}

#endif
