// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/estimate.h"

#include <string.h>

void estimate__begin(struct estimate *estimate, const struct snapshot_totals *totals)
{
	memcpy(estimate->tasks_before, totals->tasks, sizeof(estimate->tasks_before));
	estimate->schedule_before = totals->schedule;
}

/* The number that was missed beside `seen`, which were counted in a part of the time. */
static uint64_t missed(uint64_t seen, double factor)
{
	return (uint64_t)((double)seen * factor + 0.5);
}

static void add_missed(struct histogram_counts *sum, const struct histogram_counts *before,
		       const struct histogram_counts *now, double factor)
{
	sum->sum_ns += missed(now->sum_ns - before->sum_ns, factor);
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum->buckets[i] += missed(now->buckets[i] - before->buckets[i], factor);
}

void estimate__end(struct estimate *estimate, const struct snapshot_totals *totals,
		   uint64_t length_ns, uint64_t enabled_ns)
{
	double factor = enabled_ns > 0 && length_ns > enabled_ns
				? (double)(length_ns - enabled_ns) / (double)enabled_ns
				: 0;

	for (size_t i = 0; factor > 0 && i < KIND_LIMIT; i++) {
		const struct task_totals *before = &estimate->tasks_before[i];
		const struct task_totals *now = &totals->tasks[i];

		add_missed(&estimate->tasks[i].polls, &before->polls, &now->polls, factor);
		estimate->tasks[i].slow_polls +=
			missed(now->slow_polls - before->slow_polls, factor);
	}
	if (factor > 0) {
		const struct schedule_totals *before = &estimate->schedule_before;
		const struct schedule_totals *now = &totals->schedule;

		add_missed(&estimate->schedule.idle, &before->idle, &now->idle, factor);
		add_missed(&estimate->schedule.first_poll, &before->first_poll, &now->first_poll,
			   factor);
		estimate->schedule.scheduled += missed(now->scheduled - before->scheduled, factor);
	}
	estimate__begin(estimate, totals);
}

void estimate__add(const struct estimate *estimate, struct snapshot_totals *totals)
{
	for (size_t i = 0; i < KIND_LIMIT; i++) {
		histogram_counts__add(&totals->tasks[i].polls, &estimate->tasks[i].polls);
		totals->tasks[i].slow_polls += estimate->tasks[i].slow_polls;
	}
	histogram_counts__add(&totals->schedule.idle, &estimate->schedule.idle);
	histogram_counts__add(&totals->schedule.first_poll, &estimate->schedule.first_poll);
	totals->schedule.scheduled += estimate->schedule.scheduled;
}
