// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/wire_names.h"
#include "span/internal.h"

static void fail(struct span *span, const char *type, const char *message)
{
	span->status = SPAN_STATUS_ERROR;
	span->status_message = message;
	span__add_attribute(span, span_string("error.type", type));
}

int span_fill_session(struct span *span, const struct ring_session *session)
{
	span->name = wire_role_name(session->role);
	span->kind = SPAN_INTERNAL;
	switch (session->end) {
	case SESSION_FAILED:
		fail(span, "failed", "the session ended with an error");
		break;
	case SESSION_PANICKED:
		fail(span, "panic", "the task panicked");
		break;
	case SESSION_TIMED_OUT:
		fail(span, "timeout", "the session reached its time limit");
		break;
	case SESSION_CANCELLED:
		span__add_attribute(span, span_boolean("scotty.session.cancelled", true));
		break;
	case SESSION_ENDED:
	case SESSION_END_COUNT:
		break;
	}
	if (session->role == ROLE_WEBSOCKET) {
		span__add_attribute(span, span_integer("scotty.websocket.messages_sent",
						       (int64_t)session->messages_sent));
		span__add_attribute(span, span_integer("scotty.websocket.messages_received",
						       (int64_t)session->messages_received));
	}
	return 0;
}
