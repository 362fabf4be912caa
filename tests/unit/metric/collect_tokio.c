// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "collected.h"

enum {
	OTHER,
	HANDLER,
	IDLER,
	CLOSURE,
	PLANNED,
	NOT_PLANNED = PLANNED,
};

static char other[] = "other", handler[] = "scotty::handler", idler[] = "scotty::idler",
	    closure[] = "scotty::closure";
static struct tokio_task_type kinds[PLANNED] = {
	[OTHER] = {.name = other},
	[HANDLER] = {.name = handler},
	[IDLER] = {.name = idler},
	[CLOSURE] = {.name = closure, .class = TASK_BLOCKING},
};

/* Counts of each kind that no sum takes for another's. */
static struct collection *new_collection(void)
{
	struct collection *collection = collection_new();
	struct task_totals *counted = collection->snapshot->totals.tasks;

	collection->plan.tokio.task_types = kinds;
	collection->plan.tokio.task_type_count = PLANNED;
	counted[OTHER] = (struct task_totals){
		.polls = {.sum_ns = 1000, .buckets = {[0] = 1, [HISTOGRAM_BOUNDS] = 2}},
		.slow_polls = 2,
		.started = 10,
		.ended = 4,
	};
	counted[HANDLER] = (struct task_totals){
		.polls = {.sum_ns = 2500000000, .buckets = {[0] = 10, [3] = 20}},
		.slow_polls = 20,
		.started = 100,
		.ended = 107,
	};
	counted[CLOSURE] = (struct task_totals){
		.polls = {.sum_ns = 7000, .buckets = {[0] = 1000}},
		.slow_polls = 1000,
		.started = 1000,
		.ended = 900,
	};
	counted[NOT_PLANNED] = (struct task_totals){
		.polls = {.buckets = {10000}}, .slow_polls = 10000, .started = 10000};
	collection->snapshot->totals.initial_tasks[HANDLER] = 7;
	collection->snapshot->totals.initial_tasks[IDLER] = 3;
	collection->snapshot->totals.initial_tasks[CLOSURE] = 50;
	collection->snapshot->totals.schedule = (struct schedule_totals){
		.idle = {.sum_ns = 3000000000, .buckets = {[1] = 4}},
		.first_poll = {.sum_ns = 50000, .buckets = {[2] = 5}},
		.scheduled = 77,
	};
	return collection;
}

static void collect(struct collection *collection)
{
	metric_collect_tokio(collection->set, collection->snapshot);
}

Test(metric_collect_tokio, polls_are_those_of_asynchronous_tasks)
{
	struct collection *collection = new_collection();
	const struct metric_set *set = collection->set;

	have(collection, INSTR_TOKIO_POLLS);
	have(collection, INSTR_TOKIO_TASKS);
	collect(collection);
	assert_value(set, METRIC_ID_TOKIO_POLL_COUNT, 33);
	assert_value(set, METRIC_ID_TOKIO_SLOW_POLL_COUNT, 22);
	assert_value(set, METRIC_ID_TOKIO_TASKS_DROPPED, 111);
	assert_value(set, METRIC_ID_TOKIO_BLOCKING_RUNS, 900);
	assert_histogram(set, METRIC_ID_TOKIO_POLL_DURATION, &histogram_bounds_poll, 33, 2.500001,
			 0, 11);
	assert_histogram(set, METRIC_ID_TOKIO_POLL_DURATION, &histogram_bounds_poll, 33, 2.500001,
			 histogram_bounds_poll.count, 2);
	collection_free(collection);
}

static const struct metric_point *of_kind(const struct metric_set *set, enum metric_id id,
					  const char *name)
{
	const struct metric_point *found = NULL;

	for (const struct metric_point *point = find(set, id)->points; point; point = point->next) {
		cr_assert_eq(point->attribute_count, 1);
		cr_assert_str_eq(point->attributes[0].key, "task");
		if (strcmp(point->attributes[0].value, name) != 0)
			continue;
		cr_assert_null(found, "%s is there twice", name);
		found = point;
	}
	return found;
}

Test(metric_collect_tokio, polls_by_kind_are_of_the_kinds_that_were_seen)
{
	struct collection *collection = new_collection();
	const struct metric_set *set = collection->set;

	have(collection, INSTR_TOKIO_POLLS);
	collect(collection);
	cr_assert_eq(find(set, METRIC_ID_TOKIO_TASK_POLLS)->point_count, 2);
	cr_assert_eq(find(set, METRIC_ID_TOKIO_TASK_BUSY)->point_count, 2);
	cr_assert_eq(of_kind(set, METRIC_ID_TOKIO_TASK_POLLS, other)->integer, 3);
	cr_assert_eq(of_kind(set, METRIC_ID_TOKIO_TASK_POLLS, handler)->integer, 30);
	cr_assert_eq(of_kind(set, METRIC_ID_TOKIO_TASK_BUSY, handler)->real, 2.5);
	cr_assert(of_kind(set, METRIC_ID_TOKIO_TASK_BUSY, handler)->is_real);
	cr_assert_float_eq(of_kind(set, METRIC_ID_TOKIO_TASK_BUSY, other)->real, 1e-6, 1e-15);
	cr_assert_null(of_kind(set, METRIC_ID_TOKIO_TASK_POLLS, idler));
	cr_assert_null(of_kind(set, METRIC_ID_TOKIO_TASK_POLLS, closure));
	collection_free(collection);
}

Test(metric_collect_tokio, scheduling_has_its_own_way)
{
	struct collection *collection = new_collection();
	const struct metric_set *set = collection->set;

	have(collection, INSTR_TOKIO_SCHEDULING);
	collect(collection);
	cr_assert_eq(set->metric_count, 3);
	assert_value(set, METRIC_ID_TOKIO_SCHEDULED_COUNT, 77);
	assert_histogram(set, METRIC_ID_TOKIO_IDLE_DURATION, &histogram_bounds_poll, 4, 3, 1, 4);
	assert_histogram(set, METRIC_ID_TOKIO_FIRST_POLL_DELAY, &histogram_bounds_poll, 5, 5e-5, 2,
			 5);
	collection_free(collection);
}

Test(metric_collect_tokio, durations_are_by_the_bounds_that_the_kernel_counted_by)
{
	struct collection *collection = new_collection();
	const struct metric_set *set = collection->set;
	const struct histogram_bounds *powers = histogram_layout_exponential.polls;

	collection->snapshot->layout = &histogram_layout_exponential;
	have(collection, INSTR_TOKIO_POLLS);
	have(collection, INSTR_TOKIO_SCHEDULING);
	collect(collection);
	assert_histogram(set, METRIC_ID_TOKIO_POLL_DURATION, powers, 33, 2.500001, 0, 11);
	assert_histogram(set, METRIC_ID_TOKIO_POLL_DURATION, powers, 33, 2.500001, 3, 20);
	assert_histogram(set, METRIC_ID_TOKIO_IDLE_DURATION, powers, 4, 3, 1, 4);
	assert_histogram(set, METRIC_ID_TOKIO_FIRST_POLL_DELAY, powers, 5, 5e-5, 2, 5);
	collection_free(collection);
}

Test(metric_collect_tokio, what_the_plan_has_no_way_for_is_not_there)
{
	struct collection *collection = new_collection();

	collect(collection);
	cr_assert_eq(collection->set->metric_count, 0);
	have(collection, INSTR_TOKIO_POLLS);
	collect(collection);
	cr_assert_null(find(collection->set, METRIC_ID_TOKIO_SCHEDULED_COUNT));
	cr_assert_null(find(collection->set, METRIC_ID_TOKIO_TASKS_ACTIVE));
	collection_free(collection);
}

Test(metric_collect_tokio, before_anything_happened_there_are_zeros)
{
	struct collection *collection = collection_new();
	const struct metric_set *set = collection->set;

	have(collection, INSTR_TOKIO_POLLS);
	have(collection, INSTR_TOKIO_SCHEDULING);
	have(collection, INSTR_TOKIO_TASKS);
	collect(collection);
	metric_collect_tasks_alive(collection->set, collection->snapshot);
	assert_value(set, METRIC_ID_TOKIO_POLL_COUNT, 0);
	assert_value(set, METRIC_ID_TOKIO_SLOW_POLL_COUNT, 0);
	assert_value(set, METRIC_ID_TOKIO_TASKS_DROPPED, 0);
	assert_value(set, METRIC_ID_TOKIO_BLOCKING_RUNS, 0);
	assert_value(set, METRIC_ID_TOKIO_SCHEDULED_COUNT, 0);
	assert_value(set, METRIC_ID_TOKIO_TASKS_ACTIVE, 0);
	assert_histogram(set, METRIC_ID_TOKIO_POLL_DURATION, &histogram_bounds_poll, 0, 0, 0, 0);
	cr_assert_null(find(set, METRIC_ID_TOKIO_TASK_POLLS));
	cr_assert_null(find(set, METRIC_ID_TOKIO_TASK_ALIVE));
	collection_free(collection);
}

Test(metric_collect_tokio, tasks_alive_are_those_of_the_initial_scan_and_later_ones)
{
	struct collection *collection = new_collection();
	const struct metric_set *set = collection->set;

	metric_collect_tasks_alive(collection->set, collection->snapshot);
	/* 10 - 4, 7 + 100 - 107, 3; closures are none. */
	assert_value(set, METRIC_ID_TOKIO_TASKS_ACTIVE, 9);
	cr_assert_eq(find(set, METRIC_ID_TOKIO_TASK_ALIVE)->point_count, 2);
	cr_assert_eq(of_kind(set, METRIC_ID_TOKIO_TASK_ALIVE, other)->integer, 6);
	cr_assert_eq(of_kind(set, METRIC_ID_TOKIO_TASK_ALIVE, idler)->integer, 3);
	cr_assert_null(of_kind(set, METRIC_ID_TOKIO_TASK_ALIVE, handler));
	cr_assert_null(of_kind(set, METRIC_ID_TOKIO_TASK_ALIVE, closure));
	collection_free(collection);
}

Test(metric_collect_tokio, a_full_arena_remembers_the_failure)
{
	struct collection *collection = new_collection();
	struct arena *arena = arena__new((size_t)64 * 1024);
	struct metric_set *set = metric_set__new(arena, 1, 2);

	have(collection, INSTR_TOKIO_POLLS);
	have(collection, INSTR_TOKIO_SCHEDULING);
	for (int i = 0; i < 1000 && !arena__failed(arena); i++) {
		metric_collect_tokio(set, collection->snapshot);
		metric_collect_tasks_alive(set, collection->snapshot);
	}
	cr_assert(arena__failed(arena));
	metric_collect_tokio(set, collection->snapshot);
	metric_collect_tasks_alive(set, collection->snapshot);
	arena__free(arena);
	collection_free(collection);
}
