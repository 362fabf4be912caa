// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "base/array.h"
#include "collected.h"

static const struct snapshot_worker two_workers[] = {
	{.busy_ns = 1500000000, .parks = 7, .queue_depth = 3},
	{.busy_ns = 250000000, .parks = 9},
};

static const struct snapshot_runtime multi_thread = {
	.name = "multi_thread-1",
	.kind = RUNTIME_MULTI_THREAD,
	.is_readable = true,
	.alive = 4,
	.spawned = 20,
	.ended = 18,
	.workers = two_workers,
	.worker_count = 2,
	.has_local_queues = true,
	.has_global_queue = true,
	.has_blocking = true,
	.global_queue = 5,
	.blocking_threads = 6,
	.blocking_idle = 2,
	.blocking_queue = 1,
};

static const struct snapshot_runtime current_thread = {
	.name = "current_thread-2",
	.kind = RUNTIME_CURRENT_THREAD,
	.is_readable = true,
	.alive = 3,
	.workers = two_workers,
	.worker_count = 1,
};

/* Task types: asynchronous, and of a LocalSet. */
static char own_name[] = "scotty::own", local_name[] = "scotty::local";
static struct tokio_task_type types[] = {
	{.name = own_name},
	{.name = local_name, .class = TASK_LOCAL},
};

static struct collection *collect(const struct snapshot_runtime *runtimes, size_t count)
{
	struct collection *collection = collection_new();
	struct snapshot *snapshot = collection->snapshot;

	collection->plan.tokio.task_types = types;
	collection->plan.tokio.task_type_count = ARRAY_SIZE(types);
	snapshot->runtimes = arena__alloc_array(collection->set->arena, count, sizeof(*runtimes));
	memcpy(snapshot->runtimes, runtimes, count * sizeof(*runtimes));
	snapshot->runtime_count = count;
	snapshot->has_several_runtimes = count > 1;
	return collection;
}

static void add(struct collection *collection)
{
	metric_collect_runtime_counts(collection->set, collection->snapshot);
	metric_collect_runtimes_live(collection->set, collection->snapshot);
}

/* The point with exactly these attributes; a value of NULL: without the attribute. */
static const struct metric_point *point_of(const struct collection *collection, enum metric_id id,
					   const char *worker, const char *runtime)
{
	const struct metric *metric = find(collection->set, id);
	const char *const wanted[] = {worker, runtime};
	static const char *const keys[] = {"worker", "runtime"};

	for (const struct metric_point *point = metric ? metric->points : NULL; point;
	     point = point->next) {
		size_t found = 0, count = 0;

		for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
			count += wanted[k] != NULL;
			for (size_t a = 0; wanted[k] && a < point->attribute_count; a++)
				found += strcmp(point->attributes[a].key, keys[k]) == 0 &&
					 strcmp(point->attributes[a].value, wanted[k]) == 0;
		}
		if (found == count && point->attribute_count == count)
			return point;
	}
	return NULL;
}

static void expect(const struct collection *collection, enum metric_id id, const char *worker,
		   const char *runtime, int64_t value)
{
	const struct metric_point *point = point_of(collection, id, worker, runtime);

	cr_assert_not_null(point, "%s of worker %s, runtime %s", metric_descriptions[id].name,
			   worker ? worker : "none", runtime ? runtime : "none");
	cr_expect_eq(point->integer, value, "%s is %lld", metric_descriptions[id].name,
		     (long long)point->integer);
}

Test(metric_collect_runtimes, one_runtime_has_no_label)
{
	struct collection *collection = collect(&multi_thread, 1);

	add(collection);
	expect(collection, METRIC_ID_TOKIO_WORKERS, NULL, NULL, 2);
	expect(collection, METRIC_ID_TOKIO_TASKS_ACTIVE, NULL, NULL, 4);
	expect(collection, METRIC_ID_TOKIO_TASKS_DROPPED, NULL, NULL, 18);
	expect(collection, METRIC_ID_TOKIO_TASKS_SPAWNED, NULL, NULL, 20);
	expect(collection, METRIC_ID_TOKIO_WORKER_PARKS, "1", NULL, 9);
	expect(collection, METRIC_ID_TOKIO_GLOBAL_QUEUE_DEPTH, NULL, NULL, 5);
	expect(collection, METRIC_ID_TOKIO_LOCAL_QUEUE_DEPTH, "0", NULL, 3);
	expect(collection, METRIC_ID_TOKIO_BLOCKING_THREADS, NULL, NULL, 6);
	expect(collection, METRIC_ID_TOKIO_BLOCKING_IDLE_THREADS, NULL, NULL, 2);
	expect(collection, METRIC_ID_TOKIO_BLOCKING_QUEUE_DEPTH, NULL, NULL, 1);
	cr_expect_float_eq(point_of(collection, METRIC_ID_TOKIO_WORKER_BUSY, "0", NULL)->real, 1.5,
			   1e-12);
	collection_free(collection);
}

Test(metric_collect_runtimes, several_runtimes_have_a_label)
{
	const struct snapshot_runtime runtimes[] = {multi_thread, current_thread};
	struct collection *collection = collect(runtimes, 2);

	add(collection);
	expect(collection, METRIC_ID_TOKIO_WORKERS, NULL, "multi_thread-1", 2);
	expect(collection, METRIC_ID_TOKIO_WORKERS, NULL, "current_thread-2", 1);
	expect(collection, METRIC_ID_TOKIO_TASKS_ACTIVE, NULL, "current_thread-2", 3);
	expect(collection, METRIC_ID_TOKIO_WORKER_PARKS, "0", "current_thread-2", 7);
	cr_expect_eq(find(collection->set, METRIC_ID_TOKIO_WORKER_PARKS)->point_count, 3);
	/* The second runtime's queues and pool were not found. */
	cr_expect_eq(find(collection->set, METRIC_ID_TOKIO_BLOCKING_THREADS)->point_count, 1);
	cr_expect_eq(find(collection->set, METRIC_ID_TOKIO_GLOBAL_QUEUE_DEPTH)->point_count, 1);
	cr_expect_eq(find(collection->set, METRIC_ID_TOKIO_LOCAL_QUEUE_DEPTH)->point_count, 2);
	collection_free(collection);
}

Test(metric_collect_runtimes, tasks_of_local_sets_come_from_the_probes)
{
	struct collection *collection = collect(&multi_thread, 1);

	collection->snapshot->totals.tasks[1] = (struct task_totals){.started = 9, .ended = 2};
	add(collection);
	expect(collection, METRIC_ID_TOKIO_TASKS_ACTIVE, NULL, "local_set", 7);
	expect(collection, METRIC_ID_TOKIO_TASKS_SPAWNED, NULL, "local_set", 9);
	expect(collection, METRIC_ID_TOKIO_TASKS_DROPPED, NULL, "local_set", 2);
	expect(collection, METRIC_ID_TOKIO_TASKS_ACTIVE, NULL, "multi_thread-1", 4);
	collection_free(collection);
}

Test(metric_collect_runtimes, a_failed_read_is_a_missing_point)
{
	struct snapshot_runtime runtime = multi_thread;
	struct collection *collection;

	runtime.is_readable = false;
	collection = collect(&runtime, 1);
	have(collection, INSTR_TOKIO_TASKS);
	metric_collect_tokio(collection->set, collection->snapshot);
	metric_collect_tasks_alive(collection->set, collection->snapshot);
	add(collection);
	cr_expect_null(find(collection->set, METRIC_ID_TOKIO_TASKS_ACTIVE));
	cr_expect_null(find(collection->set, METRIC_ID_TOKIO_TASKS_DROPPED));
	cr_expect_null(find(collection->set, METRIC_ID_TOKIO_WORKERS));
	cr_expect_null(find(collection->set, METRIC_ID_TOKIO_WORKER_BUSY));
	collection_free(collection);
}

Test(metric_collect_runtimes, scheduling_is_that_of_all_runtimes_or_of_none)
{
	const struct snapshot_runtime runtimes[] = {multi_thread, current_thread};
	struct collection *collection = collect(runtimes, 2);

	have(collection, INSTR_TOKIO_SCHEDULING);
	collection->plan.schedules_multi_thread = true;
	metric_collect_tokio(collection->set, collection->snapshot);
	cr_expect_null(find(collection->set, METRIC_ID_TOKIO_SCHEDULED_COUNT));
	collection->plan.schedules_current_thread = true;
	collection->snapshot->totals.tasks[1].started = 1;
	metric_collect_tokio(collection->set, collection->snapshot);
	cr_expect_null(find(collection->set, METRIC_ID_TOKIO_SCHEDULED_COUNT), "a LocalSet");
	collection->plan.schedules_local_set = true;
	metric_collect_tokio(collection->set, collection->snapshot);
	cr_expect_not_null(find(collection->set, METRIC_ID_TOKIO_SCHEDULED_COUNT));
	collection_free(collection);
}

Test(metric_collect_runtimes, types_of_one_name_are_one_point)
{
	static struct tokio_task_type twins[] = {
		{.name = own_name},
		{.name = own_name, .class = TASK_LOCAL},
	};
	struct collection *collection = collect(&multi_thread, 1);
	struct task_totals *totals = collection->snapshot->totals.tasks;

	collection->plan.tokio.task_types = twins;
	have(collection, INSTR_TOKIO_POLLS);
	totals[0] = (struct task_totals){.polls = {.buckets = {3}}, .started = 5};
	totals[1] = (struct task_totals){.polls = {.buckets = {4}}, .started = 6};
	metric_collect_tokio(collection->set, collection->snapshot);
	metric_collect_tasks_alive(collection->set, collection->snapshot);
	cr_expect_eq(find(collection->set, METRIC_ID_TOKIO_TASK_POLLS)->point_count, 1);
	cr_expect_eq(find(collection->set, METRIC_ID_TOKIO_TASK_POLLS)->points->integer, 7);
	cr_expect_eq(find(collection->set, METRIC_ID_TOKIO_TASK_ALIVE)->point_count, 1);
	cr_expect_eq(find(collection->set, METRIC_ID_TOKIO_TASK_ALIVE)->points->integer, 11);
	collection_free(collection);
}
