// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/runtimes.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "probe/internal.h"

/* Adds the runtimes whose task lists the spawn hook recorded. */
static int add_recorded(struct probe *probe)
{
	struct bpf_map *map = probe->skeleton->maps.task_lists;
	uint64_t list, next;
	bool more = bpf_map__get_next_key(map, NULL, &next, sizeof(next)) == 0;

	while (more) {
		int r;

		list = next;
		r = runtimes__add(&probe->runtimes, list);
		if (r < 0)
			return r;
		/* Entries are never deleted, so the walk cannot restart. */
		more = bpf_map__get_next_key(map, &list, &next, sizeof(next)) == 0;
	}
	return 0;
}

/* After a walk through the memory, no other one for this many times its duration. */
#define WALK_PAUSE_FACTOR 100

static uint64_t read_next_list(const struct probe *probe)
{
	uint64_t address = probe->plan->tokio.next_list_address, id = 0;

	if (!address || process__read_memory(probe->target, address + probe->load_bias, &id,
					     sizeof(id)) != sizeof(id))
		return 0;
	return id;
}

/* Walks through the memory if runtimes or LocalSets were created since the last walk. The spawn hook tells of a new
 * runtime only when it gets a task. A new runtime may not have parked yet, so each is looked for twice. */
static int add_new(struct probe *probe)
{
	uint64_t now_ns = clock_monotonic_ns(), next_list = read_next_list(probe);
	int r;

	if (next_list != probe->next_list)
		probe->walks_wanted = 2;
	if (probe->walks_wanted == 0 || now_ns < probe->next_walk_ns)
		return 0;
	probe->next_list = next_list;
	probe->walks_wanted--;
	r = runtimes__find(&probe->runtimes);
	probe->next_walk_ns =
		clock_monotonic_ns() + WALK_PAUSE_FACTOR * (clock_monotonic_ns() - now_ns);
	/* A process that has ended cannot be read. */
	return r == -ENOMEM ? r : 0;
}

void probe_note_lists(struct probe *probe)
{
	probe->next_list = read_next_list(probe);
	probe->runtimes.first_new_id = probe->next_list ? probe->next_list : UINT64_MAX;
}

void probe_end_initial_lists(struct probe *probe)
{
	/* Without ids, a runtime that was not found yet counts as younger. */
	if (probe->next_list == 0)
		probe->runtimes.first_new_id = 0;
}

static const char *name_of(struct arena *arena, const struct runtime_place *place)
{
	return arena__printf(arena, "%s-%llu", runtime_kind_name(place->kind),
			     (unsigned long long)place->id);
}

static const struct snapshot_worker *copy_workers(const struct runtime *runtime,
						  struct arena *arena)
{
	const struct runtime_counters *counters = runtime->counters;
	struct snapshot_worker *workers =
		arena__alloc_array(arena, counters->worker_count, sizeof(*workers));

	for (size_t i = 0; workers && i < counters->worker_count; i++)
		workers[i] = (struct snapshot_worker){
			.busy_ns = counters->workers[i].busy_ns - runtime->base_workers[i].busy_ns,
			.parks = counters->workers[i].parks - runtime->base_workers[i].parks,
			.queue_depth = counters->workers[i].queue_depth,
		};
	return workers;
}

static int copy_runtime(const struct runtime *runtime, struct arena *arena,
			struct snapshot_runtime *ret_runtime)
{
	const struct runtime_counters *counters = runtime->counters;

	*ret_runtime = (struct snapshot_runtime){
		.name = name_of(arena, &runtime->place),
		.kind = runtime->place.kind,
		.is_readable = runtime->state == RUNTIME_ALIVE,
		.alive = counters->alive,
		.spawned = counters->spawned - runtime->base_spawned,
		.ended = runtime->ended,
		.workers = copy_workers(runtime, arena),
		.worker_count = counters->worker_count,
		.has_local_queues = counters->has_local_queues,
		.has_global_queue = counters->has_global_queue,
		.has_blocking = counters->has_pool,
		.global_queue = counters->global_queue,
		.blocking_threads = counters->blocking_threads,
		.blocking_idle = counters->blocking_idle,
		.blocking_queue = counters->blocking_queue,
	};
	return ret_runtime->name && ret_runtime->workers ? 0 : -ENOMEM;
}

int probe_read_runtimes(struct probe *probe)
{
	uint64_t left_out = probe->runtimes.left_out;
	size_t unreadable;
	int r;

	/* After an execve(), the memory is that of another program. */
	if (process__check(probe->target) < 0) {
		runtimes__lose(&probe->runtimes);
		return 0;
	}
	r = add_recorded(probe);
	if (r >= 0)
		r = add_new(probe);
	if (r < 0)
		return r;
	unreadable = runtimes__read(&probe->runtimes);
	/* Nothing can be read from a process that has ended. */
	if (process__check(probe->target) == 0)
		probe->unreadable_runtimes += unreadable + probe->runtimes.left_out - left_out;
	return 0;
}

int probe_copy_runtimes(const struct probe *probe, struct snapshot *snapshot)
{
	const struct runtimes *runtimes = &probe->runtimes;

	snapshot->runtimes =
		arena__alloc_array(snapshot->arena, runtimes->count, sizeof(*snapshot->runtimes));
	if (!snapshot->runtimes && runtimes->count > 0)
		return -ENOMEM;
	for (size_t i = 0; i < runtimes->count; i++) {
		int r = copy_runtime(&runtimes->items[i], snapshot->arena, &snapshot->runtimes[i]);

		if (r < 0)
			return r;
	}
	snapshot->runtime_count = runtimes->count;
	snapshot->has_several_runtimes = runtimes->total > 1;
	return 0;
}

uint64_t probe_observed_tasks(const struct probe *probe, const struct snapshot_totals *totals)
{
	const struct tokio *tokio = &probe->plan->tokio;
	uint64_t alive = 0;

	for (size_t i = 0; i < tokio->task_type_count; i++) {
		if (tokio->task_types[i].class == TASK_ASYNC)
			alive += snapshot_totals__alive(totals, i);
	}
	return alive;
}

/* Compares tokio's number of live tasks with that of the observed ones, if no task was spawned and none has ended
 * between both. A probe is hit some instructions before tokio changes its counters. So a difference counts only if
 * the comparison before had the same one. */
void probe_compare_tasks(struct probe *probe, const struct snapshot_totals *totals)
{
	int64_t difference;
	uint64_t alive = 0;

	if (probe->runtimes.count == 0 || !plan__has(probe->plan, INSTR_TOKIO_TASKS) ||
	    !runtimes__are_unchanged(&probe->runtimes))
		return;
	for (size_t i = 0; i < probe->runtimes.count; i++)
		alive += probe->runtimes.items[i].counters->alive;
	difference = (int64_t)(alive - probe_observed_tasks(probe, totals));
	/* The first comparison shows the tasks that the initial scan did not find. */
	if (difference > 0 && difference == probe->task_difference &&
	    probe->tasks_agree + probe->tasks_differ == 0)
		probe->initial_missed = (uint64_t)difference;
	if (difference == 0)
		probe->tasks_agree++;
	else if (difference == probe->task_difference)
		probe->tasks_differ++;
	probe->task_difference = difference;
}
