// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/snapshot.h"

#include <string.h>

#include "base/clock.h"

#define FIRST_CAPACITY 64

struct snapshot *snapshot__new(struct arena *arena, const struct plan *plan)
{
	struct snapshot *snapshot = arena__alloc(arena, sizeof(*snapshot));

	if (!snapshot)
		return NULL;
	snapshot->arena = arena;
	snapshot->plan = plan;
	snapshot->layout = &histogram_layout_explicit;
	snapshot->time_ns = clock_realtime_ns();
	snapshot->live.workers = -1;
	snapshot->pipeline.trace_ratio = 1;
	snapshot->pipeline.polls_enabled = 1;
	return snapshot;
}

/* Makes room for one more element of an array whose capacity is the least power of two, from
 * FIRST_CAPACITY on, that is not below `count`. NULL when out of memory. */
static void *grow(struct arena *arena, void *items, size_t count, size_t size)
{
	void *copy;

	if (count == 0)
		return arena__alloc_array(arena, FIRST_CAPACITY, size);
	if (count < FIRST_CAPACITY || (count & (count - 1)) != 0)
		return items;
	copy = arena__alloc_array(arena, 2 * count, size);
	if (copy)
		memcpy(copy, items, count * size);
	return copy;
}

struct snapshot_series *snapshot__add_series(struct snapshot *snapshot)
{
	struct snapshot_series *series =
		grow(snapshot->arena, snapshot->series, snapshot->series_count, sizeof(*series));

	if (!series)
		return NULL;
	snapshot->series = series;
	return &series[snapshot->series_count++];
}

struct snapshot_rate_limit *snapshot__add_rate_limit(struct snapshot *snapshot)
{
	struct snapshot_rate_limit *limits = grow(snapshot->arena, snapshot->rate_limits,
						  snapshot->rate_limit_count, sizeof(*limits));

	if (!limits)
		return NULL;
	snapshot->rate_limits = limits;
	return &limits[snapshot->rate_limit_count++];
}

uint64_t snapshot__open_spans(const struct snapshot *snapshot)
{
	uint64_t started = snapshot->totals.counters.events[EVENT_SPANS_STARTED];
	uint64_t ended = snapshot->totals.counters.events[EVENT_SPANS_ENDED];

	/* The CPUs' counts are not read at the same moment. */
	return started > ended ? started - ended : 0;
}
