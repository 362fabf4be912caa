// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/meter.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/wire_names.h"
#include "plan/catalogue.h"
#include "plan/cost.h"

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

static uint64_t at_the_server(double ns)
{
	return (uint64_t)(PLAN_SERVER_FACTOR * ns);
}

/* Returns the run time of a hook's program. A program that has not run while run times were measured
 * is assumed to take its time in the benchmark. */
static uint64_t program_ns(const struct meter *meter, enum hook hook)
{
	uint64_t measured_ns = program_time__ns(&meter->times[hook]);

	return measured_ns ? measured_ns : probe__typical_program_ns(meter->probe, hook);
}

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
		hit_ns = probe__trap_ns(meter->probe, (enum hook)i) +
			 program_ns(meter, (enum hook)i);
		if (hits >= MEASURABLE_HITS && !program_time__is_settled(time) &&
		    !meter->cannot_measure)
			meter->has_unmeasured = true;
		meter->cost_ns[i] = at_the_server((double)hits * (double)hit_ns);
		if (catalogue_hooks[i].is_of_polls)
			period->polls_cost_ns += meter->cost_ns[i];
		else
			period->other_cost_ns += meter->cost_ns[i];
	}
	return 0;
}

static uint64_t total_of(const struct meter *meter)
{
	uint64_t total = 0;

	for (int i = 0; i < HOOK_COUNT; i++)
		total += meter->cost_ns[i];
	return total;
}

/* Hooks below this share of the cost are not named. */
#define NAMED_SHARE 0.1

const char *meter__name_expensive(const struct meter *meter, char *text, size_t size)
{
	double total = (double)total_of(meter);
	bool is_named[HOOK_COUNT] = {false};
	size_t length = 0;

	*text = '\0';
	for (;;) {
		int most = -1;

		for (int i = 0; i < HOOK_COUNT; i++) {
			if (!is_named[i] && (double)meter->cost_ns[i] > NAMED_SHARE * total &&
			    (most < 0 || meter->cost_ns[i] > meter->cost_ns[most]))
				most = i;
		}
		if (most < 0 || length >= size)
			return text;
		is_named[most] = true;
		length += (size_t)snprintf(text + length, size - length, "%s%s %.0f %%",
					   length ? ", " : "", wire_hook_name((enum hook)most),
					   100 * (double)meter->cost_ns[most] / total);
	}
}

double meter__share(const struct meter *meter,
		    bool (*is_selected)(const void *context, enum hook hook), const void *context)
{
	uint64_t total = total_of(meter), selected = 0;

	for (int i = 0; i < HOOK_COUNT; i++) {
		if (is_selected(context, (enum hook)i))
			selected += meter->cost_ns[i];
	}
	return total ? (double)selected / (double)total : 0;
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
