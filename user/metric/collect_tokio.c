// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "metric/collect_internal.h"

/* The sums over all types of asynchronous tasks. */
struct sums {
	struct histogram_counts polls;
	uint64_t slow_polls;
	uint64_t alive;
	uint64_t ended;
	uint64_t blocking_runs;
};

static struct sums sum_up(const struct snapshot *snapshot)
{
	const struct tokio *tokio = &snapshot->plan->tokio;
	struct sums sums = {0};

	for (size_t i = 0; i < tokio->task_type_count; i++) {
		const struct task_totals *type = &snapshot->totals.tasks[i];

		if (tokio->task_types[i].class == TASK_BLOCKING) {
			sums.blocking_runs += type->ended;
			continue;
		}
		histogram_counts__add(&sums.polls, &type->polls);
		sums.slow_polls += type->slow_polls;
		sums.alive += snapshot_totals__alive(&snapshot->totals, i);
		sums.ended += type->ended;
	}
	return sums;
}

static struct metric_point *add_of_type(struct metric_set *set, enum metric_id id,
					const struct tokio_task_type *type)
{
	const struct metric_attribute attribute = {"task", type->name};

	return metric_set__point(set, metric_set__metric(set, metric_describe(id)), &attribute, 1);
}

/* The counts of the task types with one name: the tasks of a LocalSet have a type of their own. */
struct named_totals {
	uint64_t alive;
	uint64_t polls;
	uint64_t busy_ns;
};

static size_t type_of_name(const struct tokio *tokio, size_t type)
{
	if (tokio->task_types[type].class != TASK_LOCAL)
		return type;
	for (size_t i = 0; i < tokio->task_type_count; i++) {
		if (tokio->task_types[i].class == TASK_ASYNC &&
		    strcmp(tokio->task_types[i].name, tokio->task_types[type].name) == 0)
			return i;
	}
	return type;
}

/* Adds up the asynchronous tasks by the name of their type. */
static void sum_up_names(const struct snapshot *snapshot, struct named_totals names[KIND_LIMIT])
{
	const struct tokio *tokio = &snapshot->plan->tokio;

	memset(names, 0, KIND_LIMIT * sizeof(*names));
	for (size_t i = 0; i < tokio->task_type_count; i++) {
		const struct task_totals *counted = &snapshot->totals.tasks[i];
		struct named_totals *name;

		if (tokio->task_types[i].class == TASK_BLOCKING)
			continue;
		name = &names[type_of_name(tokio, i)];
		name->alive += snapshot_totals__alive(&snapshot->totals, i);
		name->polls += histogram_counts__total(&counted->polls);
		name->busy_ns += counted->polls.sum_ns;
	}
}

/* By task type: only types that were polled. */
static void collect_task_types(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct tokio *tokio = &snapshot->plan->tokio;
	struct named_totals names[KIND_LIMIT];

	sum_up_names(snapshot, names);
	for (size_t i = 0; i < tokio->task_type_count; i++) {
		const struct tokio_task_type *type = &tokio->task_types[i];
		struct metric_point *polls, *busy;

		if (names[i].polls == 0)
			continue;
		polls = add_of_type(set, METRIC_ID_TOKIO_TASK_POLLS, type);
		busy = add_of_type(set, METRIC_ID_TOKIO_TASK_BUSY, type);
		if (!polls || !busy)
			return; /* the arena remembers the failure */
		polls->integer = (int64_t)names[i].polls;
		busy->is_real = true;
		busy->real = (double)names[i].busy_ns / 1e9;
	}
}

static void collect_scheduling(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct schedule_totals *schedule = &snapshot->totals.schedule;
	const struct histogram_bounds *bounds = snapshot->layout->polls;

	metric_add_count(set, METRIC_ID_TOKIO_SCHEDULED_COUNT, schedule->scheduled);
	metric_add_histogram(set, METRIC_ID_TOKIO_IDLE_DURATION, &schedule->idle, bounds);
	metric_add_histogram(set, METRIC_ID_TOKIO_FIRST_POLL_DELAY, &schedule->first_poll, bounds);
}

/* Whether the wake-ups of all runtimes in this process are observed: the metrics of scheduling are those of all tasks
 * or of none. */
static bool wakes_are_observed(const struct snapshot *snapshot)
{
	const struct plan *plan = snapshot->plan;

	for (size_t i = 0; i < snapshot->runtime_count; i++) {
		bool is_multi_thread = snapshot->runtimes[i].kind == RUNTIME_MULTI_THREAD;

		if (is_multi_thread ? !plan->schedules_multi_thread
				    : !plan->schedules_current_thread)
			return false;
	}
	return plan->schedules_local_set || !metric_has_local_tasks(snapshot);
}

void metric_collect_tokio(struct metric_set *set, const struct snapshot *snapshot)
{
	struct sums sums = sum_up(snapshot);

	if (plan__has(snapshot->plan, INSTR_TOKIO_POLLS)) {
		metric_add_histogram(set, METRIC_ID_TOKIO_POLL_DURATION, &sums.polls,
				     snapshot->layout->polls);
		metric_add_count(set, METRIC_ID_TOKIO_POLL_COUNT,
				 histogram_counts__total(&sums.polls));
		metric_add_count(set, METRIC_ID_TOKIO_SLOW_POLL_COUNT, sums.slow_polls);
		collect_task_types(set, snapshot);
	}
	if (plan__has(snapshot->plan, INSTR_TOKIO_TASKS)) {
		metric_add_count(set, METRIC_ID_TOKIO_BLOCKING_RUNS, sums.blocking_runs);
		if (snapshot->runtime_count == 0)
			metric_add_count(set, METRIC_ID_TOKIO_TASKS_DROPPED, sums.ended);
	}
	metric_collect_runtime_counts(set, snapshot);
	if (plan__has(snapshot->plan, INSTR_TOKIO_SCHEDULING) && wakes_are_observed(snapshot))
		collect_scheduling(set, snapshot);
}

void metric_collect_tasks_alive(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct tokio *tokio = &snapshot->plan->tokio;
	struct named_totals names[KIND_LIMIT];

	if (snapshot->runtime_count == 0)
		metric_add_count(set, METRIC_ID_TOKIO_TASKS_ACTIVE, sum_up(snapshot).alive);
	sum_up_names(snapshot, names);
	for (size_t i = 0; i < tokio->task_type_count; i++) {
		struct metric_point *point;

		if (names[i].alive == 0)
			continue;
		point = add_of_type(set, METRIC_ID_TOKIO_TASK_ALIVE, &tokio->task_types[i]);
		if (point)
			point->integer = (int64_t)names[i].alive;
	}
}
