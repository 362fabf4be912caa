// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "assembled.h"
#include "base/array.h"

/* Of a request, as it may have been left by the one before. */
static const struct scene scene = {.route = "/ws", .server_address = "host", .server_port = 1};

Test(span_session, each_role_has_its_name)
{
	static const struct {
		enum task_role role;
		const char *name;
	} rows[] = {
		{ROLE_WEBSOCKET, "websocket_connection"},
		{ROLE_SHELL, "shell_session_handler"},
		{ROLE_LOG_STREAM, "log_stream_handler"},
		{ROLE_COMPOSE_TASK, "compose_task"},
	};
	struct span_batch *batch = span_batch__new(8);

	/* All roles that are sessions. */
	cr_assert_eq(ARRAY_SIZE(rows), ROLE_COUNT - ROLE_WEBSOCKET);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ring_record record = session_of(rows[i].role, SESSION_ENDED);
		const struct span *span = add_span(batch, &record, &scene);

		cr_assert_str_eq(span->name, rows[i].name);
		cr_assert_eq(span->kind, SPAN_INTERNAL);
		cr_assert_eq(span->start_ns, 1000);
		cr_assert_eq(span->end_ns, 4000);
		cr_assert_null(span->trace_state);
		cr_assert_null(find(span, "http.route"));
		cr_assert_null(find(span, "server.address"));
	}
	span_batch__free(batch);
}

Test(span_session, how_it_ended_is_its_status)
{
	static const struct {
		enum session_end end;
		enum span_status status;
		const char *type;
	} rows[] = {
		{SESSION_ENDED, SPAN_STATUS_UNSET, "(none)"},
		{SESSION_FAILED, SPAN_STATUS_ERROR, "failed"},
		{SESSION_TIMED_OUT, SPAN_STATUS_ERROR, "timeout"},
		{SESSION_PANICKED, SPAN_STATUS_ERROR, "panic"},
		/* By its client, or with the server: no one's mistake. */
		{SESSION_CANCELLED, SPAN_STATUS_UNSET, "(none)"},
	};
	struct span_batch *batch = span_batch__new(32);

	cr_assert_eq(ARRAY_SIZE(rows), SESSION_END_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (enum task_role role = ROLE_WEBSOCKET; role < ROLE_COUNT; role++) {
			struct ring_record record = session_of(role, rows[i].end);
			const struct span *span = add_span(batch, &record, &scene);
			const struct span_attribute *cancelled =
				find(span, "scotty.session.cancelled");

			cr_assert_eq(span->status, rows[i].status, "%u", rows[i].end);
			cr_assert_str_eq(text(span, "error.type"), rows[i].type);
			cr_assert_eq(span->status_message != NULL,
				     rows[i].status == SPAN_STATUS_ERROR);
			cr_assert_eq(cancelled != NULL, rows[i].end == SESSION_CANCELLED);
			if (cancelled) {
				cr_assert_eq(cancelled->kind, SPAN_ATTRIBUTE_BOOLEAN);
				cr_assert(cancelled->boolean);
			}
		}
	}
	span_batch__free(batch);
}

Test(span_session, of_websockets_the_messages_are_told)
{
	struct span_batch *batch = span_batch__new(8);

	for (enum task_role role = ROLE_WEBSOCKET; role < ROLE_COUNT; role++) {
		struct ring_record record = session_of(role, SESSION_ENDED);
		const struct span *span;

		record.session.messages_sent = UINT64_C(5000000000);
		span = add_span(batch, &record, &scene);
		cr_assert_eq(integer(span, "scotty.websocket.messages_sent"),
			     role == ROLE_WEBSOCKET ? INT64_C(5000000000) : -1);
		cr_assert_eq(integer(span, "scotty.websocket.messages_received"),
			     role == ROLE_WEBSOCKET ? 0 : -1);
	}
	span_batch__free(batch);
}

Test(span_session, a_full_batch_refuses)
{
	struct span_batch *batch = span_batch__new(1);
	struct ring_record record = session_of(ROLE_SHELL, SESSION_FAILED);

	cr_assert_eq(add_record(batch, &record, &scene), 0);
	cr_assert_eq(add_record(batch, &record, &scene), -ENOSPC);
	cr_assert_eq(batch->count, 1);
	span_batch__free(batch);
}
