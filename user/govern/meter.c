// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/meter.h"

#include <unistd.h>

#include "base/log.h"
#include "plan/catalogue.h"

int meter__init(struct meter *meter, struct probe *probe, const struct process *target,
		struct run_stats *run_stats, struct error *error)
{
	meter->probe = probe;
	meter->target = target;
	meter->run_stats = run_stats;
	meter->measuring_fd = -1;
	return meter__read(meter, &(struct governor_period){0}, error);
}

void meter__done(struct meter *meter)
{
	meter__stop_measuring(meter);
}

/* With this many hits in a period, some hits are likely while run times are measured. */
#define MEASURABLE_HITS 250

int meter__read(struct meter *meter, struct governor_period *period, struct error *error)
{
	struct probe_cost now[HOOK_COUNT];
	int r = probe__read_costs(meter->probe, now, error);

	if (r < 0)
		return r;
	period->capacity_ns = (uint64_t)((double)period->length_ns * process__cpus(meter->target));
	period->polls_cost_ns = period->other_cost_ns = 0;
	meter->has_unmeasured = false;
	for (int i = 0; i < HOOK_COUNT; i++) {
		struct program_time *time = &meter->times[i];
		uint64_t hits = now[i].hits - meter->hits[i], hit_ns;

		meter->hits[i] = now[i].hits;
		program_time__take(time, now[i].runs, now[i].run_ns);
		hit_ns = probe__trap_ns(meter->probe, (enum hook)i) + program_time__ns(time);
		if (hits >= MEASURABLE_HITS && !program_time__is_settled(time) &&
		    !meter->cannot_measure)
			meter->has_unmeasured = true;
		if (catalogue_hooks[i].is_of_polls)
			period->polls_cost_ns += hits * hit_ns;
		else
			period->other_cost_ns += hits * hit_ns;
	}
	return 0;
}

void meter__measure_programs(struct meter *meter)
{
	if (meter->measuring_fd >= 0 || meter->cannot_measure)
		return;
	meter->measuring_fd =
		meter->run_stats ? run_stats__enable(meter->run_stats) : probe__measure_programs();
	meter->cannot_measure = meter->measuring_fd < 0;
	if (meter->cannot_measure)
		log_debug("the kernel does not measure the run times of BPF programs");
}

void meter__stop_measuring(struct meter *meter)
{
	if (meter->measuring_fd >= 0)
		close(meter->measuring_fd);
	meter->measuring_fd = -1;
}
