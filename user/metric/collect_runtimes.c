// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>

#include "metric/collect_internal.h"

#define LOCAL_SET "local_set"

/* The sums over the task types of LocalSets, which have no counters of their own. */
struct local_tasks {
	uint64_t alive;
	uint64_t spawned;
	uint64_t ended;
	bool exist; /* now or before */
};

static struct local_tasks sum_up_local(const struct snapshot *snapshot)
{
	const struct tokio *tokio = &snapshot->plan->tokio;
	const struct snapshot_totals *totals = &snapshot->totals;
	struct local_tasks tasks = {0};

	for (size_t i = 0; i < tokio->task_type_count; i++) {
		if (tokio->task_types[i].class != TASK_LOCAL)
			continue;
		tasks.alive += snapshot_totals__alive(totals, i);
		tasks.spawned += totals->tasks[i].started;
		tasks.ended += totals->tasks[i].ended;
		tasks.exist |= totals->initial_tasks[i] + totals->tasks[i].started > 0;
	}
	return tasks;
}

bool metric_has_local_tasks(const struct snapshot *snapshot)
{
	return sum_up_local(snapshot).exist;
}

/* Adds a point. `runtime` is NULL where the process has one runtime only, `worker` where the metric is not one of
 * workers. */
static struct metric_point *add_point(struct metric_set *set, enum metric_id id,
				      const char *runtime, const char *worker)
{
	struct metric_attribute attributes[2];
	size_t count = 0;

	if (worker)
		attributes[count++] = (struct metric_attribute){"worker", worker};
	if (runtime)
		attributes[count++] = (struct metric_attribute){"runtime", runtime};
	return metric_set__point(set, metric_set__metric(set, metric_describe(id)), attributes,
				 count);
}

static void add_count(struct metric_set *set, enum metric_id id, const char *runtime,
		      uint64_t count)
{
	struct metric_point *point = add_point(set, id, runtime, NULL);

	if (point)
		point->integer = (int64_t)count;
}

/* Returns the value of the attribute `runtime`; NULL for none. */
static const char *label_of(const struct snapshot *snapshot, const struct snapshot_runtime *runtime)
{
	return snapshot->has_several_runtimes || metric_has_local_tasks(snapshot) ? runtime->name
										  : NULL;
}

static void collect_workers(struct metric_set *set, const struct snapshot_runtime *runtime,
			    const char *label)
{
	for (size_t i = 0; i < runtime->worker_count; i++) {
		const struct snapshot_worker *worker = &runtime->workers[i];
		struct metric_point *busy, *parks;
		char index[24];

		snprintf(index, sizeof(index), "%zu", i);
		busy = add_point(set, METRIC_ID_TOKIO_WORKER_BUSY, label, index);
		parks = add_point(set, METRIC_ID_TOKIO_WORKER_PARKS, label, index);
		if (!busy || !parks)
			return; /* the arena remembers the failure */
		busy->is_real = true;
		busy->real = (double)worker->busy_ns / 1e9;
		parks->integer = (int64_t)worker->parks;
	}
}

static void collect_local_queues(struct metric_set *set, const struct snapshot_runtime *runtime,
				 const char *label)
{
	for (size_t i = 0; i < runtime->worker_count; i++) {
		struct metric_point *point;
		char index[24];

		snprintf(index, sizeof(index), "%zu", i);
		point = add_point(set, METRIC_ID_TOKIO_LOCAL_QUEUE_DEPTH, label, index);
		if (point)
			point->integer = (int64_t)runtime->workers[i].queue_depth;
	}
}

/* Counters, which are also known of a process that has ended. */
void metric_collect_runtime_counts(struct metric_set *set, const struct snapshot *snapshot)
{
	struct local_tasks local = sum_up_local(snapshot);

	for (size_t i = 0; i < snapshot->runtime_count; i++) {
		const struct snapshot_runtime *runtime = &snapshot->runtimes[i];
		const char *label = label_of(snapshot, runtime);

		if (!runtime->is_readable)
			continue;
		add_count(set, METRIC_ID_TOKIO_TASKS_DROPPED, label, runtime->ended);
		add_count(set, METRIC_ID_TOKIO_TASKS_SPAWNED, label, runtime->spawned);
		collect_workers(set, runtime, label);
	}
	if (snapshot->runtime_count > 0 && local.exist) {
		add_count(set, METRIC_ID_TOKIO_TASKS_DROPPED, LOCAL_SET, local.ended);
		add_count(set, METRIC_ID_TOKIO_TASKS_SPAWNED, LOCAL_SET, local.spawned);
	}
}

static void collect_blocking(struct metric_set *set, const struct snapshot_runtime *runtime,
			     const char *label)
{
	add_count(set, METRIC_ID_TOKIO_BLOCKING_THREADS, label, runtime->blocking_threads);
	add_count(set, METRIC_ID_TOKIO_BLOCKING_IDLE_THREADS, label, runtime->blocking_idle);
	add_count(set, METRIC_ID_TOKIO_BLOCKING_QUEUE_DEPTH, label, runtime->blocking_queue);
}

void metric_collect_runtimes_live(struct metric_set *set, const struct snapshot *snapshot)
{
	struct local_tasks local = sum_up_local(snapshot);

	for (size_t i = 0; i < snapshot->runtime_count; i++) {
		const struct snapshot_runtime *runtime = &snapshot->runtimes[i];
		const char *label = label_of(snapshot, runtime);

		if (!runtime->is_readable)
			continue;
		add_count(set, METRIC_ID_TOKIO_WORKERS, label, runtime->worker_count);
		add_count(set, METRIC_ID_TOKIO_TASKS_ACTIVE, label, runtime->alive);
		if (runtime->has_local_queues)
			collect_local_queues(set, runtime, label);
		if (runtime->has_global_queue)
			add_count(set, METRIC_ID_TOKIO_GLOBAL_QUEUE_DEPTH, label,
				  runtime->global_queue);
		if (runtime->has_blocking)
			collect_blocking(set, runtime, label);
	}
	if (snapshot->runtime_count > 0 && local.exist)
		add_count(set, METRIC_ID_TOKIO_TASKS_ACTIVE, LOCAL_SET, local.alive);
}
