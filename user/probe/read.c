// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "probe/internal.h"
#include "probe/runtimes.h"

/* Sums the words of a per-CPU value over all CPUs. Every per-CPU value here is an array of 64-bit
 * counters. */
static void sum_words(const struct probe *probe, size_t value_bytes, uint64_t *ret_words)
{
	size_t words = value_bytes / sizeof(uint64_t);
	const uint64_t *per_cpu = probe->per_cpu;

	memset(ret_words, 0, value_bytes);
	for (int cpu = 0; cpu < probe->cpu_count; cpu++) {
		for (size_t i = 0; i < words; i++)
			ret_words[i] += per_cpu[(size_t)cpu * words + i];
	}
}

static int read_sum(struct probe *probe, struct bpf_map *map, const void *key, size_t key_bytes,
		    void *ret_value, size_t value_bytes)
{
	size_t size = (size_t)probe->cpu_count * value_bytes;
	int r = bpf_map__lookup_elem(map, key, key_bytes, probe->per_cpu, size, 0);

	if (r < 0)
		return r;
	sum_words(probe, value_bytes, ret_value);
	return 0;
}

/* Reads the per-CPU values of a map with the keys 0 to `count` - 1. */
static int read_array(struct probe *probe, struct bpf_map *map, void *ret_values,
		      size_t value_bytes, size_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int r = read_sum(probe, map, &i, sizeof(i), (char *)ret_values + i * value_bytes,
				 value_bytes);

		if (r < 0)
			return r;
	}
	return 0;
}

int probe_read_counters(struct probe *probe, struct counters *ret_counters)
{
	return read_array(probe, probe->skeleton->maps.counters, ret_counters,
			  sizeof(*ret_counters), 1);
}

int probe__read_counters(struct probe *probe, struct counters *ret_counters, struct error *error)
{
	int r = probe_read_counters(probe, ret_counters);

	return r < 0 ? error_set(error, r, "cannot read the counters of the BPF programs: %m") : 0;
}

static void fill_initial(const struct probe *probe, struct snapshot_totals *totals)
{
	memset(totals->initial_sessions, 0, sizeof(totals->initial_sessions));
	memcpy(totals->initial_tasks, probe->initial_tasks, sizeof(totals->initial_tasks));
	for (size_t i = 0; i < probe->plan->tokio.task_type_count; i++)
		totals->initial_sessions[probe->plan->tokio.task_types[i].role] +=
			probe->initial_tasks[i];
}

int probe__read_totals(struct probe *probe, struct snapshot_totals *ret_totals, struct error *error)
{
	struct scottyscope *skeleton = probe->skeleton;
	const struct {
		struct bpf_map *map;
		void *values;
		size_t value_bytes;
		size_t count;
	} arrays[] = {
		{skeleton->maps.task_totals, ret_totals->tasks, sizeof(ret_totals->tasks[0]),
		 probe->plan->tokio.task_type_count},
		{skeleton->maps.schedule_totals, &ret_totals->schedule,
		 sizeof(ret_totals->schedule), 1},
		{skeleton->maps.counters, &ret_totals->counters, sizeof(ret_totals->counters), 1},
		{skeleton->maps.session_totals, ret_totals->sessions,
		 sizeof(ret_totals->sessions[0]), ROLE_COUNT},
		{skeleton->maps.validations, &ret_totals->validations,
		 sizeof(ret_totals->validations), 1},
	};

	memset(ret_totals->tasks, 0, sizeof(ret_totals->tasks));
	for (size_t i = 0; i < ARRAY_SIZE(arrays); i++) {
		int r = read_array(probe, arrays[i].map, arrays[i].values, arrays[i].value_bytes,
				   arrays[i].count);

		if (r < 0)
			return error_set(error, r,
					 "cannot read the counters of the BPF programs: %m");
	}
	fill_initial(probe, ret_totals);
	ret_totals->counters.drops[DROP_TASKS_FULL] += probe->initial_dropped;
	ret_totals->counters.drops[DROP_TASKS_NOT_FOUND] += probe->initial_missed;
	ret_totals->counters.checks[CHECK_TASKS_AGREE] += probe->tasks_agree;
	ret_totals->counters.checks[CHECK_TASKS_DIFFER] += probe->tasks_differ;
	ret_totals->counters.checks[CHECK_RUNTIME_UNREADABLE] += probe->unreadable_runtimes;
	for (size_t i = 0; i < OAUTH_FLOW_COUNT; i++)
		ret_totals->oauth_sessions[i] =
			__atomic_load_n(&skeleton->bss->oauth_sessions[i], __ATOMIC_RELAXED);
	return 0;
}

int probe__take_memory_peak(struct probe *probe, uint64_t *ret_bytes, struct error *error)
{
	struct bpf_map *map = probe->skeleton->maps.memory_peak;
	size_t size = (size_t)probe->cpu_count * sizeof(struct memory_peak);
	struct memory_peak *per_cpu = probe->per_cpu;
	uint32_t zero = 0;
	int r = bpf_map__lookup_elem(map, &zero, sizeof(zero), per_cpu, size, 0);

	if (r < 0)
		return error_set(error, r, "cannot read the memory peak: %m");
	*ret_bytes = 0;
	for (int cpu = 0; cpu < probe->cpu_count; cpu++) {
		if (per_cpu[cpu].rss_bytes > *ret_bytes)
			*ret_bytes = per_cpu[cpu].rss_bytes;
	}
	memset(per_cpu, 0, size);
	r = bpf_map__update_elem(map, &zero, sizeof(zero), per_cpu, size, BPF_ANY);
	return r < 0 ? error_set(error, r, "cannot reset the memory peak: %m") : 0;
}

/* Adds a label set to the snapshot; the overflow label set only if its count is not 0. */
static int add_series(struct probe *probe, struct snapshot *snapshot, const struct http_key *key,
		      const struct histogram_counts *counts)
{
	struct snapshot_series *series;

	if (key->route == ROUTE_OVERFLOW && histogram_counts__total(counts) == 0)
		return 0;
	series = snapshot__add_series(snapshot);
	if (!series)
		return -ENOMEM;
	series->key = *key;
	series->route = arena__strdup(snapshot->arena, probe__route(probe, key->route));
	series->counts = *counts;
	return series->route ? 0 : -ENOMEM;
}

static int read_series(struct probe *probe, struct snapshot *snapshot)
{
	struct bpf_map *map = probe->skeleton->maps.http_series;
	struct http_key key, next;
	bool more = bpf_map__get_next_key(map, NULL, &next, sizeof(next)) == 0;

	while (more) {
		struct histogram_counts counts;
		int r;

		key = next;
		r = read_sum(probe, map, &key, sizeof(key), &counts, sizeof(counts));
		if (r >= 0)
			r = add_series(probe, snapshot, &key, &counts);
		if (r < 0)
			return r;
		/* Label sets are never deleted, so the walk cannot restart. */
		more = bpf_map__get_next_key(map, &key, &next, sizeof(next)) == 0;
	}
	return 0;
}

static int read_rate_limits(struct probe *probe, struct snapshot *snapshot)
{
	struct bpf_map *map = probe->skeleton->maps.rate_limits;
	struct rate_limit_key key, next;
	bool more = bpf_map__get_next_key(map, NULL, &next, sizeof(next)) == 0;

	while (more) {
		struct snapshot_rate_limit *limit = snapshot__add_rate_limit(snapshot);
		int r;

		key = next;
		if (!limit)
			return -ENOMEM;
		r = bpf_map__lookup_elem(map, &key, sizeof(key), &limit->count,
					 sizeof(limit->count), 0);
		if (r < 0)
			return r;
		limit->tier = arena__strndup(snapshot->arena, key.tier, sizeof(key.tier));
		limit->is_denied = key.is_denied;
		if (!limit->tier)
			return -ENOMEM;
		/* Entries are never deleted, so the walk cannot restart. */
		more = bpf_map__get_next_key(map, &key, &next, sizeof(next)) == 0;
	}
	return 0;
}

int probe__snapshot(struct probe *probe, struct snapshot *snapshot, struct error *error)
{
	int r = probe_read_runtimes(probe);

	if (r < 0)
		return error_out_of_memory(error);
	r = probe__read_totals(probe, &snapshot->totals, error);
	if (r < 0)
		return r;
	probe_compare_tasks(probe, &snapshot->totals);
	if (probe_copy_runtimes(probe, snapshot) < 0)
		return error_out_of_memory(error);
	snapshot->start_ns = start_time__at(&probe->start, snapshot->time_ns, clock_monotonic_ns());
	snapshot->layout = probe->histograms;
	snapshot->attachment = probe->attachment;
	if (plan__has(probe->plan, INSTR_HTTP_REQUESTS))
		r = read_series(probe, snapshot);
	if (r < 0)
		return error_set(error, r, "cannot read the request counters: %m");
	if (plan__has(probe->plan, INSTR_RATE_LIMITS))
		r = read_rate_limits(probe, snapshot);
	if (r < 0)
		return error_set(error, r, "cannot read the rate limits: %m");
	return snapshot__join_labels(snapshot) < 0 ? error_out_of_memory(error) : 0;
}

const char *probe__route(struct probe *probe, uint64_t route)
{
	struct probe_route *cached = &probe->routes[route % ROUTE_CACHE_SLOTS];
	struct route_text text;

	if (route == ROUTE_UNMATCHED)
		return "/unmatched";
	if (route == ROUTE_UNKNOWN)
		return "/unknown";
	if (cached->hash != route) {
		if (bpf_map__lookup_elem(probe->skeleton->maps.routes, &route, sizeof(route), &text,
					 sizeof(text), 0) < 0)
			return "/unmatched";
		cached->hash = route;
		route_label(&text, route, cached->label);
	}
	return cached->label;
}
