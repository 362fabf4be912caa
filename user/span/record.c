// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "span/record.h"

#include <errno.h>
#include <string.h>

#include "span/internal.h"

#define NS_PER_S 1e9

static uint64_t realtime(uint64_t monotonic_ns, const struct span_scene *scene)
{
	return (uint64_t)((int64_t)monotonic_ns + scene->clock_offset_ns);
}

/* Where the time went, as far as that is known: on a CPU in polls, in a run queue, and the rest awaiting
 * something. */
static void add_times(struct span *span, const struct ring_span *from)
{
	uint64_t duration_ns = from->end_ns - from->start_ns;
	uint64_t busy_ns = from->busy_ns < duration_ns ? from->busy_ns : duration_ns;
	uint64_t rest_ns = duration_ns - busy_ns;
	uint64_t waiting_ns = from->waiting_ns < rest_ns ? from->waiting_ns : rest_ns;

	if (from->busy_ns == TIMES_UNKNOWN)
		return;
	span__add_attribute(span, span_real("tokio.busy.duration", (double)busy_ns / NS_PER_S));
	if (from->waiting_ns == TIMES_UNKNOWN)
		return;
	span__add_attribute(span,
			    span_real("tokio.scheduled.duration", (double)waiting_ns / NS_PER_S));
	span__add_attribute(span, span_real("tokio.awaiting.duration",
					    (double)(rest_ns - waiting_ns) / NS_PER_S));
}

/* Slow polls are few: those that the kernel had no room for are counted as dropped. */
static void add_slow_polls(struct span_batch *batch, struct span *span,
			   const struct ring_span *from, const struct span_scene *scene)
{
	uint64_t kept = from->slow_count < SLOW_POLL_LIMIT ? from->slow_count : SLOW_POLL_LIMIT;

	for (uint64_t i = 0; i < kept; i++) {
		struct span_attribute duration = span_real(
			"tokio.poll.duration", (double)from->slow[i].duration_ns / NS_PER_S);
		struct span_event *event = span_batch__add_event(batch, span, &duration, 1);

		if (!event)
			continue;
		event->name = "slow poll";
		event->time_ns = realtime(from->slow[i].start_ns, scene);
	}
	span->dropped_events += (uint32_t)(from->slow_count - kept);
}

int span_add_record(struct span_batch *batch, const struct ring_record *record,
		    const struct span_scene *scene)
{
	struct span *span = span_batch__add(batch, SPAN_ATTRIBUTE_LIMIT);
	const struct ring_span *from = &record->span;

	if (!span)
		return -ENOSPC;
	memcpy(span->trace_id, from->trace_id, sizeof(span->trace_id));
	memcpy(span->span_id, from->span_id, sizeof(span->span_id));
	memcpy(span->parent_span_id, from->parent_span_id, sizeof(span->parent_span_id));
	span->parent_is_remote = from->parent_is_remote;
	span->start_ns = realtime(from->start_ns, scene);
	span->end_ns = realtime(from->end_ns, scene);
	add_times(span, from);
	add_slow_polls(batch, span, from, scene);
	if (record->kind == RECORD_SESSION)
		return span_fill_session(span, &record->session);
	return span_fill_http_request(batch, span, &record->http_request, scene);
}
