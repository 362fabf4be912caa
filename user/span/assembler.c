// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "span/assembler.h"

#include <errno.h>
#include <string.h>

#include "span/internal.h"

static uint64_t realtime(uint64_t monotonic_ns, const struct span_assembler *assembler)
{
	/* Unsigned: a malformed record may have any time. */
	return monotonic_ns + (uint64_t)assembler->clock_offset_ns;
}

/* Adds the parts of the duration, if polls were recorded: busy in polls, runq time, and awaiting
 * for the rest. */
static void add_times(struct span *span, const struct ring_span *from)
{
	uint64_t duration_ns = from->end_ns - from->start_ns;
	uint64_t busy_ns = from->busy_ns < duration_ns ? from->busy_ns : duration_ns;
	uint64_t rest_ns = duration_ns - busy_ns;
	uint64_t runq_ns = from->runq_ns < rest_ns ? from->runq_ns : rest_ns;

	if (from->busy_ns == TIMES_UNKNOWN)
		return;
	span__add_attribute(span, span_real("tokio.busy.duration", (double)busy_ns / 1e9));
	if (from->runq_ns == TIMES_UNKNOWN)
		return;
	span__add_attribute(span, span_real("tokio.scheduled.duration", (double)runq_ns / 1e9));
	span__add_attribute(
		span, span_real("tokio.awaiting.duration", (double)(rest_ns - runq_ns) / 1e9));
}

/* Adds an event for each recorded slow poll. The kernel side records the first slow polls of a
 * span; further ones count as dropped events. */
static void add_slow_polls(struct span_batch *batch, struct span *span,
			   const struct ring_span *from, const struct span_assembler *assembler)
{
	uint64_t recorded = from->slow_count < SLOW_POLL_LIMIT ? from->slow_count : SLOW_POLL_LIMIT;

	for (uint64_t i = 0; i < recorded; i++) {
		struct span_attribute duration =
			span_real("tokio.poll.duration", (double)from->slow[i].duration_ns / 1e9);
		struct span_event *event = span_batch__add_event(batch, span, &duration, 1);

		if (!event)
			continue;
		event->name = "slow poll";
		event->time_ns = realtime(from->slow[i].start_ns, assembler);
	}
	span->dropped_events += (uint32_t)(from->slow_count - recorded);
}

int span_assembler__add(const struct span_assembler *assembler, const struct ring_record *record)
{
	struct span_batch *batch = assembler->batch;
	struct span *span = span_batch__add(batch, SPAN_ATTRIBUTE_LIMIT);
	const struct ring_span *from = &record->span;

	if (!span)
		return -ENOSPC;
	memcpy(span->trace_id, from->trace_id, sizeof(span->trace_id));
	memcpy(span->span_id, from->span_id, sizeof(span->span_id));
	memcpy(span->parent_span_id, from->parent_span_id, sizeof(span->parent_span_id));
	span->parent_is_remote = from->parent_is_remote;
	span->start_ns = realtime(from->start_ns, assembler);
	span->end_ns = realtime(from->end_ns, assembler);
	add_times(span, from);
	add_slow_polls(batch, span, from, assembler);
	if (record->kind == RECORD_SESSION)
		return span_fill_session(span, &record->session);
	return span_fill_http_request(span, &record->http_request, assembler);
}
