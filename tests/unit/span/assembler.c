// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "assembled.h"
#include "base/array.h"

#define MS UINT64_C(1000000)

static const struct scene no_route;

/* What both kinds of records have in common. */
static struct ring_record record_of(enum record_kind kind)
{
	return kind == RECORD_SESSION ? session_of(ROLE_WEBSOCKET, SESSION_ENDED) : request_of(200);
}

Test(span_assembler, ids_and_the_parent_are_the_record_s)
{
	static const uint8_t none[8];
	struct span_batch *batch = span_batch__new(8);

	for (enum record_kind kind = RECORD_HTTP_REQUEST; kind <= RECORD_SESSION; kind++) {
		struct ring_record record = record_of(kind);
		const struct span *span = add_span(batch, &record, &no_route);

		cr_assert_arr_eq(span->trace_id, record.span.trace_id, 16);
		cr_assert_arr_eq(span->span_id, record.span.span_id, 8);
		cr_assert_arr_eq(span->parent_span_id, none, 8);
		cr_assert_eq(span->parent_is_remote, 0);
		cr_assert_eq(span->trace_flags, TRACE_FLAG_SAMPLED);
		memset(record.span.parent_span_id, 0xb7, 8);
		record.span.parent_is_remote = true;
		span = add_span(batch, &record, &no_route);
		cr_assert_arr_eq(span->parent_span_id, record.span.parent_span_id, 8);
		cr_assert_eq(span->parent_is_remote, 1);
	}
	span_batch__free(batch);
}

Test(span_assembler, times_become_realtime)
{
	struct span_batch *batch = span_batch__new(8);

	for (enum record_kind kind = RECORD_HTTP_REQUEST; kind <= RECORD_SESSION; kind++) {
		struct ring_record record = record_of(kind);
		struct scene scene = {.clock_offset_ns = 1700000000000000000};
		const struct span *span;

		record.span.slow_count = 1;
		record.span.slow[0] = (struct slow_poll){.start_ns = 2000, .duration_ns = 1 * MS};
		span = add_span(batch, &record, &scene);
		cr_assert_eq(span->start_ns, 1700000000000001000);
		cr_assert_eq(span->end_ns, 1700000000000004000);
		cr_assert_eq(span->events->time_ns, 1700000000000002000);
		/* A clock that was set to before the machine's start. */
		scene.clock_offset_ns = -500;
		span = add_span(batch, &record, &scene);
		cr_assert_eq(span->start_ns, 500);
		cr_assert_eq(span->events->time_ns, 1500);
	}
	span_batch__free(batch);
}

/* Where the time went adds up to the span, whatever the parts say. */
Test(span_assembler, busy_scheduled_and_awaiting_are_the_whole)
{
	static const struct {
		uint64_t duration, busy, runq;
		double expected[3]; /* in milliseconds */
	} rows[] = {
		{1000 * MS, 600 * MS, 300 * MS, {600, 300, 100}},
		{1000 * MS, 0, 0, {0, 0, 1000}},
		{1000 * MS, 1000 * MS, 0, {1000, 0, 0}},
		{1000 * MS, 0, 1000 * MS, {0, 1000, 0}},
		{1000 * MS, 400 * MS, 600 * MS, {400, 600, 0}},
		/* Clocks are read apart: parts may be a little more than the whole. */
		{1000 * MS, 1001 * MS, 0, {1000, 0, 0}},
		{1000 * MS, 600 * MS, 401 * MS, {600, 400, 0}},
		{1000 * MS, UINT64_MAX - 1, UINT64_MAX - 1, {1000, 0, 0}},
		{1000 * MS, 250 * MS, UINT64_MAX - 1, {250, 750, 0}},
		{0, 0, 0, {0, 0, 0}},
		{0, 5 * MS, 5 * MS, {0, 0, 0}},
	};
	struct span_batch *batch = span_batch__new(32);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (enum record_kind kind = RECORD_HTTP_REQUEST; kind <= RECORD_SESSION; kind++) {
			struct ring_record record = record_of(kind);
			const struct span *span;

			record.span.end_ns = record.span.start_ns + rows[i].duration;
			record.span.busy_ns = rows[i].busy;
			record.span.runq_ns = rows[i].runq;
			span = add_span(batch, &record, &no_route);
			cr_assert_float_eq(seconds(span, "tokio.busy.duration"),
					   rows[i].expected[0] / 1e3, 1e-12, "row %zu", i);
			cr_assert_float_eq(seconds(span, "tokio.scheduled.duration"),
					   rows[i].expected[1] / 1e3, 1e-12, "row %zu", i);
			cr_assert_float_eq(seconds(span, "tokio.awaiting.duration"),
					   rows[i].expected[2] / 1e3, 1e-12, "row %zu", i);
		}
	}
	span_batch__free(batch);
}

/* What was not watched is not told. */
Test(span_assembler, times_that_are_not_known_are_left_out)
{
	struct span_batch *batch = span_batch__new(2);
	struct ring_record record = record_of(RECORD_SESSION);
	const struct span *span;

	record.span.busy_ns = 1;
	record.span.runq_ns = TIMES_UNKNOWN;
	span = add_span(batch, &record, &no_route);
	cr_assert_not_null(find(span, "tokio.busy.duration"));
	cr_assert_null(find(span, "tokio.scheduled.duration"));
	cr_assert_null(find(span, "tokio.awaiting.duration"));
	record.span.busy_ns = TIMES_UNKNOWN;
	span = add_span(batch, &record, &no_route);
	cr_assert_null(find(span, "tokio.busy.duration"));
	cr_assert_null(find(span, "tokio.scheduled.duration"));
	cr_assert_null(find(span, "tokio.awaiting.duration"));
	span_batch__free(batch);
}

Test(span_assembler, slow_polls_are_events_as_far_as_the_kernel_kept_them)
{
	static const uint64_t counts[] = {
		0, 1, SLOW_POLL_LIMIT - 1, SLOW_POLL_LIMIT, SLOW_POLL_LIMIT + 1, 1000};
	struct span_batch *batch = span_batch__new(16);

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct ring_record record = record_of(i & 1 ? RECORD_SESSION : RECORD_HTTP_REQUEST);
		size_t kept = counts[i] < SLOW_POLL_LIMIT ? counts[i] : SLOW_POLL_LIMIT;
		const struct span_event *event;
		const struct span *span;

		record.span.slow_count = counts[i];
		for (uint64_t k = 0; k < SLOW_POLL_LIMIT; k++)
			record.span.slow[k] = (struct slow_poll){.start_ns = 2000 + k,
								 .duration_ns = (k + 2) * MS};
		span = add_span(batch, &record, &no_route);
		cr_assert_eq(span->event_count, kept);
		cr_assert_eq(span->dropped_events, counts[i] - kept);
		event = span->events;
		for (uint64_t k = 0; k < kept; k++, event = event->next) {
			cr_assert_str_eq(event->name, "slow poll");
			cr_assert_eq(event->time_ns, 2000 + k);
			cr_assert_eq(event->attribute_count, 1);
			cr_assert_str_eq(event->attributes[0].key, "tokio.poll.duration");
			cr_assert_eq(event->attributes[0].kind, SPAN_ATTRIBUTE_REAL);
			cr_assert_float_eq(event->attributes[0].real, (double)(k + 2) / 1e3, 1e-12);
		}
		cr_assert_null(event);
	}
	span_batch__free(batch);
}

Test(span_assembler, records_are_spans_in_their_order)
{
	struct span_batch *batch = span_batch__new(8);
	const struct span *span;

	for (uint64_t i = 0; i < 8; i++) {
		struct ring_record record = record_of(i & 1 ? RECORD_SESSION : RECORD_HTTP_REQUEST);

		record.span.start_ns = 100 + i;
		add_span(batch, &record, &no_route);
	}
	span = batch->first;
	for (uint64_t i = 0; i < 8; i++, span = span->next) {
		cr_assert_eq(span->start_ns, 100 + i);
		cr_assert_eq(span->kind, i & 1 ? SPAN_INTERNAL : SPAN_SERVER);
	}
	cr_assert_null(span);
	span_batch__free(batch);
}
