// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/snapshot.h"

#include <errno.h>
#include <stdlib.h>
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

/* Without labels, the overflow set equals no other one. */
static int compare_labels(const void *left, const void *right)
{
	const struct snapshot_series *a = left, *b = right;
	int order = (a->key.route == ROUTE_OVERFLOW) - (b->key.route == ROUTE_OVERFLOW);

	if (order == 0)
		order = (int)a->key.status - (int)b->key.status;
	if (order == 0)
		order = (int)a->key.method - (int)b->key.method;
	return order ? order : strcmp(a->route, b->route);
}

/* As compare_labels(), and always the same order of equal ones: the first one's key stays. */
static int compare_series(const void *left, const void *right)
{
	const struct snapshot_series *a = left, *b = right;
	int order = compare_labels(left, right);

	return order ? order : (a->key.route > b->key.route) - (a->key.route < b->key.route);
}

static void join_series(struct snapshot *snapshot)
{
	struct snapshot_series *series = snapshot->series;
	size_t count = 0;

	if (snapshot->series_count > 0)
		qsort(series, snapshot->series_count, sizeof(*series), compare_series);
	for (size_t i = 0; i < snapshot->series_count; i++) {
		if (count > 0 && compare_labels(&series[count - 1], &series[i]) == 0)
			histogram_counts__add(&series[count - 1].counts, &series[i].counts);
		else
			series[count++] = series[i];
	}
	snapshot->series_count = count;
}

static int compare_limits(const void *left, const void *right)
{
	const struct snapshot_rate_limit *a = left, *b = right;
	int order = strcmp(a->tier, b->tier);

	return order ? order : (int)a->is_denied - (int)b->is_denied;
}

static void join_rate_limits(struct snapshot *snapshot)
{
	struct snapshot_rate_limit *limits = snapshot->rate_limits;
	size_t count = 0;

	if (snapshot->rate_limit_count > 0)
		qsort(limits, snapshot->rate_limit_count, sizeof(*limits), compare_limits);
	for (size_t i = 0; i < snapshot->rate_limit_count; i++) {
		if (count > 0 && compare_limits(&limits[count - 1], &limits[i]) == 0)
			limits[count - 1].count += limits[i].count;
		else
			limits[count++] = limits[i];
	}
	snapshot->rate_limit_count = count;
}

int snapshot__join_labels(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->series_count; i++) {
		snapshot->series[i].route = arena__utf8(snapshot->arena, snapshot->series[i].route);
		if (!snapshot->series[i].route)
			return -ENOMEM;
	}
	for (size_t i = 0; i < snapshot->rate_limit_count; i++) {
		snapshot->rate_limits[i].tier =
			arena__utf8(snapshot->arena, snapshot->rate_limits[i].tier);
		if (!snapshot->rate_limits[i].tier)
			return -ENOMEM;
	}
	join_series(snapshot);
	join_rate_limits(snapshot);
	return 0;
}

uint64_t snapshot__open_spans(const struct snapshot *snapshot)
{
	uint64_t started = snapshot->totals.counters.events[EVENT_SPANS_STARTED];
	uint64_t ended = snapshot->totals.counters.events[EVENT_SPANS_ENDED];

	/* The CPUs' counts are not read at the same moment. */
	return started > ended ? started - ended : 0;
}
