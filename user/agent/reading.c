// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>

#include "agent/internal.h"
#include "base/clock.h"
#include "base/log.h"

/* Brings the list of applications up to date. The first time that the list is known, a sample of it
 * is taken at once. */
static int read_apps(struct observation *observation, bool sample, struct error *error)
{
	struct app_list *list = &observation->apps;
	bool was_known = list->check > 0;
	int r;

	if (!plan__has(observation->plan, INSTR_APPLICATIONS))
		return 0;
	r = probe__read_apps(observation->probe, list, error);
	if (r >= 0 && list->check > 0 && !was_known)
		log_info("the list of %zu applications is known now", list->count);
	if (r >= 0 && list->check > 0 && (sample || !was_known))
		app_samples__take(&observation->app_samples, list->items, list->count,
				  clock_monotonic_ns());
	return r;
}

int observation__sample_apps(struct observation *observation, struct error *error)
{
	return read_apps(observation, true, error);
}

static int add_apps(struct observation *observation, struct snapshot *snapshot, struct error *error)
{
	const struct app_list *list = &observation->apps;
	struct app *items;
	int r = read_apps(observation, false, error);

	if (r < 0)
		return r;
	items = arena__alloc_array(snapshot->arena, list->count, sizeof(*items));
	if (!items && list->count > 0)
		return error_out_of_memory(error);
	for (size_t i = 0; i < list->count; i++)
		items[i] = list->items[i];
	snapshot->apps = (struct snapshot_apps){
		.is_known = list->check > 0,
		.items = items,
		.count = list->count,
		.samples = observation->app_samples,
	};
	return 0;
}

static void add_exemplars(const struct observation *observation, uint64_t now_ns,
			  struct snapshot *snapshot)
{
	int64_t clock_offset_ns = clock_realtime_offset_ns();

	for (size_t i = 0; i < snapshot->series_count; i++) {
		struct snapshot_series *series = &snapshot->series[i];

		series->exemplar_count =
			exemplars__copy(observation->exemplars, &series->key, now_ns,
					clock_offset_ns, snapshot->arena, &series->exemplars);
	}
}

/* Every read resets the kernel's peak; the history keeps the peaks for all readers. */
static int read_peak(struct observation *observation, uint64_t since_ns, uint64_t now_ns,
		     uint64_t *ret_bytes, struct error *error)
{
	uint64_t bytes;
	int r;

	*ret_bytes = 0;
	if (!plan__has(observation->plan, INSTR_MEMORY_PEAK))
		return 0;
	r = probe__take_memory_peak(observation->probe, &bytes, error);
	if (r < 0)
		return r;
	peak_history__add(&observation->memory_peaks, now_ns, bytes);
	*ret_bytes = peak_history__since(&observation->memory_peaks, since_ns);
	return 0;
}

/* Without tokio's own counters, the stacks of threads tell the number of workers. A stack never tells a
 * current-thread runtime, so 0 is unknown. */
static int count_workers(struct observation *observation, struct snapshot *snapshot,
			 struct error *error)
{
	int workers;

	if (!plan__has(observation->plan, INSTR_TOKIO_WORKERS) || snapshot->runtime_count > 0)
		return 0;
	workers = probe__count_workers(observation->probe, error);
	if (workers < 0)
		return workers;
	snapshot->live.workers = workers > 0 ? workers : -1;
	return 0;
}

static int read_live(struct observation *observation, uint64_t since_ns, uint64_t now_ns,
		     struct snapshot_live *live, struct error *error)
{
	const struct process *process = observation->process;
	int r = process__memory(process, &live->memory);

	if (r < 0)
		return error_set(error, r, "cannot read the memory of process %d: %m",
				 (int)process->pid);
	r = read_peak(observation, since_ns, now_ns, &live->peak_rss_bytes, error);
	if (r < 0)
		return r;
	live->is_known = true;
	return 0;
}

int observation__read_drops(struct observation *observation, struct snapshot *ret_snapshot,
			    struct error *error)
{
	ret_snapshot->pipeline = observation->pipeline;
	return probe__read_counters(observation->probe, &ret_snapshot->totals.counters, error);
}

static int take_snapshot(struct observation *observation, uint64_t since_ns,
			 struct snapshot **ret_snapshot, uint64_t *ret_now_ns, struct error *error)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct snapshot *snapshot;
	int r;

	arena__reset(observation->snapshot_arena);
	snapshot = snapshot__new(observation->snapshot_arena, observation->plan);
	if (!snapshot)
		return error_out_of_memory(error);
	probe__forget_dead_threads(observation->probe);
	r = probe__snapshot(observation->probe, snapshot, error);
	if (r < 0)
		return r;
	estimate__add(&observation->sampling.estimate, &snapshot->totals);
	add_exemplars(observation, now_ns, snapshot);
	r = add_apps(observation, snapshot, error);
	if (r < 0)
		return r;
	snapshot->target_is_up = observation->target_is_up;
	if (observation->target_is_up)
		r = read_live(observation, since_ns, now_ns, &snapshot->live, error);
	if (r >= 0 && observation->target_is_up)
		r = count_workers(observation, snapshot, error);
	if (r < 0)
		return r;
	snapshot->pipeline = observation->pipeline;
	snapshot->pipeline.trace_ratio = observation->trace_limiter.ratio;
	if (observation->is_stopped)
		snapshot->pipeline.spans_unfinished = snapshot__open_spans(snapshot);
	sampling__report(&observation->sampling, &snapshot->pipeline);
	if (arena__failed(observation->snapshot_arena))
		return error_out_of_memory(error);
	*ret_snapshot = snapshot;
	if (ret_now_ns)
		*ret_now_ns = now_ns;
	return 0;
}

/* Whatever was read of a target that ended meanwhile may be missing, or of another program. Then a second
 * snapshot reads the probe only. */
int observation__snapshot(struct observation *observation, uint64_t since_ns,
			  struct snapshot **ret_snapshot, uint64_t *ret_now_ns, struct error *error)
{
	bool was_running = observation__target_runs(observation);
	int r = take_snapshot(observation, since_ns, ret_snapshot, ret_now_ns, error);

	if (was_running && !observation__target_runs(observation))
		r = take_snapshot(observation, since_ns, ret_snapshot, ret_now_ns, error);
	return r;
}
