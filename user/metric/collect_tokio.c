// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/collect_parts.h"

/* What all kinds of asynchronous tasks counted together. */
struct sums {
	struct histogram_counts polls;
	uint64_t slow_polls;
	uint64_t alive;
	uint64_t ended;
	uint64_t blocking_runs;
};

static uint64_t alive(const struct probe_totals *totals, size_t kind)
{
	return totals->census_kinds[kind] + totals->kinds[kind].started - totals->kinds[kind].ended;
}

static struct sums sum_up(const struct probe_totals *totals, const struct plan *plan)
{
	struct sums sums = {0};

	for (size_t i = 0; i < plan->tokio.task_type_count; i++) {
		const struct task_totals *kind = &totals->kinds[i];

		if (plan->tokio.task_types[i].class == TASK_BLOCKING) {
			sums.blocking_runs += kind->ended;
			continue;
		}
		histogram_counts__add(&sums.polls, &kind->polls);
		sums.slow_polls += kind->slow_polls;
		sums.alive += alive(totals, i);
		sums.ended += kind->ended;
	}
	return sums;
}

static struct metric_point *add_of_type(struct metric_set *set, enum metric_id id,
					const struct tokio_task_type *type)
{
	const struct metric_attribute attribute = {"task", type->name};

	return metric_set__point(set, metric_set__metric(set, metric_describe(id)), &attribute, 1);
}

/* By kind of task: only those that were seen at all. */
static void collect_kinds(struct metric_set *set, const struct probe_totals *totals,
			  const struct plan *plan)
{
	for (size_t i = 0; i < plan->tokio.task_type_count; i++) {
		const struct tokio_task_type *type = &plan->tokio.task_types[i];
		const struct task_totals *counted = &totals->kinds[i];
		struct metric_point *polls, *busy;

		if (type->class == TASK_BLOCKING || metric_count_of(&counted->polls) == 0)
			continue;
		polls = add_of_type(set, METRIC_ID_TOKIO_TASK_POLLS, type);
		busy = add_of_type(set, METRIC_ID_TOKIO_TASK_BUSY, type);
		if (!polls || !busy)
			return; /* the arena remembers */
		polls->integer = (int64_t)metric_count_of(&counted->polls);
		busy->is_real = true;
		busy->real = (double)counted->polls.sum_ns / 1e9;
	}
}

static void collect_scheduling(struct metric_set *set, const struct probe_totals *totals)
{
	const struct schedule_totals *schedule = &totals->schedule;
	const struct probe_bounds *bounds = totals->histograms->polls;

	metric_set__add_integer(set, metric_describe(METRIC_ID_TOKIO_SCHEDULED_COUNT),
				(int64_t)schedule->scheduled);
	metric_add_histogram(set, METRIC_ID_TOKIO_IDLE_DURATION, &schedule->idle, bounds);
	metric_add_histogram(set, METRIC_ID_TOKIO_FIRST_POLL_DELAY, &schedule->first_poll, bounds);
}

void metric_collect_tokio(struct metric_set *set, const struct probe_totals *totals,
			  const struct plan *plan)
{
	struct sums sums = sum_up(totals, plan);

	if (plan__has(plan, INSTR_TOKIO_POLLS)) {
		metric_add_histogram(set, METRIC_ID_TOKIO_POLL_DURATION, &sums.polls,
				     totals->histograms->polls);
		metric_set__add_integer(set, metric_describe(METRIC_ID_TOKIO_POLL_COUNT),
					(int64_t)metric_count_of(&sums.polls));
		metric_set__add_integer(set, metric_describe(METRIC_ID_TOKIO_SLOW_POLL_COUNT),
					(int64_t)sums.slow_polls);
		collect_kinds(set, totals, plan);
	}
	if (plan__has(plan, INSTR_TOKIO_TASKS)) {
		metric_set__add_integer(set, metric_describe(METRIC_ID_TOKIO_BLOCKING_RUNS),
					(int64_t)sums.blocking_runs);
		metric_set__add_integer(set, metric_describe(METRIC_ID_TOKIO_TASKS_DROPPED),
					(int64_t)sums.ended);
	}
	if (plan__has(plan, INSTR_TOKIO_SCHEDULING))
		collect_scheduling(set, totals);
}

void metric_collect_tasks_alive(struct metric_set *set, const struct probe_totals *totals,
				const struct plan *plan)
{
	metric_set__add_integer(set, metric_describe(METRIC_ID_TOKIO_TASKS_ACTIVE),
				(int64_t)sum_up(totals, plan).alive);
	for (size_t i = 0; i < plan->tokio.task_type_count; i++) {
		struct metric_point *point;

		if (plan->tokio.task_types[i].class == TASK_BLOCKING || alive(totals, i) == 0)
			continue;
		point = add_of_type(set, METRIC_ID_TOKIO_TASK_ALIVE, &plan->tokio.task_types[i]);
		if (point)
			point->integer = (int64_t)alive(totals, i);
	}
}
