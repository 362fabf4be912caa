// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/cost.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "plan/cost.h"
#include "probe/internal.h"

int probe__measure_programs(void)
{
	return bpf_enable_stats(BPF_STATS_RUN_TIME);
}

static int read_program(struct probe *probe, enum hook hook, struct probe_cost *cost)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int r = bpf_obj_get_info_by_fd(bpf_program__fd(probe_program(probe, hook)), &info, &size);

	if (r < 0)
		return r;
	cost->runs = info.run_cnt;
	cost->run_ns = info.run_time_ns;
	return 0;
}

int probe__read_costs(struct probe *probe, struct probe_cost ret_costs[HOOK_COUNT],
		      struct error *error)
{
	struct counters counters;
	int r = probe_read_counters(probe, &counters);

	memset(ret_costs, 0, HOOK_COUNT * sizeof(*ret_costs));
	for (int i = 0; i < HOOK_COUNT && r >= 0; i++) {
		ret_costs[i].hits = counters.hits[i];
		if (probe->plan->hooks[i].wanted)
			r = read_program(probe, (enum hook)i, &ret_costs[i]);
	}
	return r < 0 ? error_set(error, r, "cannot read the run times of the BPF programs: %m") : 0;
}

uint64_t probe__trap_ns(const struct probe *probe, enum hook hook)
{
	if (catalogue_hook__is_tracepoint(hook))
		return 0;
	return probe->plan->hooks[hook].has_expensive_site ? probe->plan->kernel.step_ns
							   : probe->plan->kernel.trap_ns;
}

uint64_t probe__typical_program_ns(const struct probe *probe, enum hook hook)
{
	return plan_program_ns(&probe->plan->kernel, hook);
}
