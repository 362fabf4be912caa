// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/print.h"

bool plan_observes_wakes(const struct plan *plan, enum runtime_kind kind)
{
	if (!plan->instrumentations[INSTR_TOKIO_SCHEDULING].strategy)
		return false;
	return kind == RUNTIME_MULTI_THREAD ? plan->schedules_multi_thread
					    : plan->schedules_current_thread;
}

static void print_runtime(const struct plan *plan, const struct runtime *runtime, FILE *stream)
{
	const struct runtime_place *place = &runtime->place;
	const struct runtime_counters *counters = runtime->counters;
	const struct {
		const char *what;
		bool is_had;
	} parts[] = {
		{"global queue", counters->has_global_queue},
		{"local queues", counters->has_local_queues},
		{"blocking threads", counters->has_pool},
		{"wake-ups", plan_observes_wakes(plan, place->kind)},
	};

	fprintf(stream, "  %s-%llu: %zu worker%s, %llu tasks\n   ", runtime_kind_name(place->kind),
		(unsigned long long)place->id, place->worker_count,
		place->worker_count == 1 ? "" : "s", (unsigned long long)counters->alive);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		fprintf(stream, "%s %s: %s", i ? "," : "", parts[i].what,
			parts[i].is_had ? "yes" : "no");
	fputc('\n', stream);
}

void plan_print_runtimes(const struct plan *plan, const struct plan_subject *subject, FILE *stream)
{
	const struct runtimes *runtimes = subject->runtimes;

	if (!runtimes)
		return;
	if (runtimes->count == 0) {
		fprintf(stream,
			"\nRuntimes: tokio's own counters were not found in the memory of the "
			"server. Probes\n  count its tasks, and the stacks of its threads "
			"tell the number of workers.\n");
		return;
	}
	fprintf(stream, "\nRuntimes: %zu, by tokio's own counters in memory\n", runtimes->count);
	for (size_t i = 0; i < runtimes->count; i++)
		print_runtime(plan, &runtimes->items[i], stream);
}
