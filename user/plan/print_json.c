// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <version.h>

#include "base/json.h"
#include "base/wire_names.h"
#include "plan/cost.h"
#include "plan/print.h"

/* Raised when a member changes its meaning or goes away; a new member does not raise it. 1 was the output
 * before it had this member. */
#define PLAN_SCHEMA 2

static json_t *json_of_site(const struct plan_site *site)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:b}", "hook", wire_hook_name(site->hook),
			 "address", (json_int_t)site->code.address, "function",
			 (json_int_t)site->code.entry, "file_offset", (json_int_t)site->file_offset,
			 "cost", code_cost_name(site->code.cost), "instruction",
			 site->code.instruction, "may_repeat", (int)site->code.may_repeat);
}

static json_t *json_of_sites(const struct plan *plan, const struct catalogue_strategy *strategy)
{
	json_t *sites = json_array();
	const struct plan_hook *hook;

	for (size_t i = 0; (hook = plan_hook_of_strategy(plan, strategy, i)); i++) {
		for (size_t s = 0; s < hook->site_count; s++)
			sites = json_append(sites,
					    json_of_site(&plan->sites[hook->first_site + s]));
	}
	return sites;
}

/* "signal", "left_out" and "way" are the names of schema 1, deprecated (docs/json.md). */
static json_t *json_of_instrumentation(const struct plan *plan, size_t id)
{
	const struct plan_instrumentation *instrumentation = &plan->instrumentations[id];
	const struct catalogue_strategy *strategy = instrumentation->strategy;
	const struct catalogue_instrumentation *row = &catalogue_instrumentations[id];
	json_t *object =
		json_pack("{s:s, s:s, s:b, s:b, s:s, s:b}", "instrumentation", row->name, "gives",
			  row->gives, "available", strategy != NULL, "disabled_by_level",
			  (int)instrumentation->disabled_by_level, "signal", row->name, "left_out",
			  (int)instrumentation->disabled_by_level);

	if (strategy) {
		object = json_set(object, "strategy", json_text(strategy->name));
		object = json_set(object, "way", json_text(strategy->name));
		return json_set(object, "sites", json_of_sites(plan, strategy));
	}
	object = json_set(object, "reason", json_text(instrumentation->reason));
	return json_set(object, "remedy", json_text(instrumentation->remedy));
}

static json_t *json_of_task_types(const struct plan *plan)
{
	json_t *types = json_array();

	for (size_t i = 0; i < plan->tokio.task_type_count; i++) {
		const struct tokio_task_type *type = &plan->tokio.task_types[i];

		types = json_append(types,
				    json_pack("{s:o, s:s, s:s, s:I}", "name", json_text(type->name),
					      "class",
					      type->class == TASK_BLOCKING ? "blocking" : "async",
					      "role", wire_role_name(type->role), "vtables",
					      (json_int_t)plan_count_vtables(plan, i)));
	}
	return types;
}

static json_t *json_of_kernel(const struct plan_kernel *kernel)
{
	return json_pack("{s:b, s:b, s:b, s:b, s:b, s:o}", "btf", (int)kernel->btf, "ring_buffer",
			 (int)kernel->ring_buffer, "uprobe", (int)kernel->uprobe, "uprobe_multi",
			 (int)kernel->uprobe_multi, "rss_stat", (int)kernel->rss_stat, "missing",
			 json_text(kernel->why_not));
}

static json_t *json_of_cost(const struct plan *plan, enum level level)
{
	const struct plan_cost cost = plan__cost(plan, level);
	json_t *object =
		json_pack("{s:I, s:I, s:f, s:f}", "trap_ns", (json_int_t)plan->kernel.trap_ns,
			  "single_step_ns", (json_int_t)plan->kernel.step_ns, "hits_per_request",
			  cost.hits, "hits_per_wait", cost.hits_per_wait);

	if (cost.lowest_ns == 0)
		return json_set(object, "server_ns_per_request", json_null());
	return json_set(object, "server_ns_per_request",
			json_pack("{s:I, s:I}", "lowest", (json_int_t)cost.lowest_ns, "highest",
				  (json_int_t)cost.highest_ns));
}

static json_t *json_of_runtimes(const struct plan *plan, const struct runtimes *runtimes)
{
	json_t *array = json_array();

	for (size_t i = 0; runtimes && i < runtimes->count; i++) {
		const struct runtime *runtime = &runtimes->items[i];
		const struct runtime_counters *counters = runtime->counters;

		array = json_append(array,
				    json_pack("{s:s, s:I, s:I, s:I, s:b, s:b, s:b, s:b}", "kind",
					      runtime_kind_name(runtime->place.kind), "id",
					      (json_int_t)runtime->place.id, "workers",
					      (json_int_t)runtime->place.worker_count, "tasks",
					      (json_int_t)counters->alive, "global_queue",
					      (int)counters->has_global_queue, "local_queues",
					      (int)counters->has_local_queues, "blocking_threads",
					      (int)counters->has_pool, "wake_ups",
					      (int)plan_observes_wakes(plan, runtime->place.kind)));
	}
	return array;
}

static json_t *text_or_null(const char *text)
{
	return text ? json_text(text) : json_null();
}

/* null: the probes are attached to the selected process only. */
static json_t *json_of_sharers(const struct process_sharers *sharers)
{
	json_t *pids;

	if (!sharers)
		return json_null();
	pids = json_array();
	for (size_t i = 0; i < sharers->count && i < PROCESS_SHARERS_NAMED; i++)
		pids = json_append(pids, json_integer(sharers->pids[i]));
	return pids;
}

int plan__print_json(const struct plan *plan, const struct plan_subject *subject, FILE *stream,
		     struct error *error)
{
	json_t *instrumentations = json_array(), *task_types = json_of_task_types(plan);
	json_t *root;

	for (size_t i = 0; i < INSTR_COUNT; i++)
		instrumentations = json_append(instrumentations, json_of_instrumentation(plan, i));
	root = json_pack("{s:i, s:{s:s, s:s}, s:{s:o}, s:{s:i}, s:s, s:o, s:o, s:o, s:s, s:I, "
			 "s:o, s:s, s:o, s:I, s:I, s:O, s:O, s:s, s:o}",
			 "schema", PLAN_SCHEMA, "tool", "name", "scottyscope", "version",
			 SCOTTYSCOPE_VERSION, "host", "name", json_text(subject->host), "process",
			 "pid", (int)subject->pid, "level", level_names[subject->level],
			 "executable", json_text(plan->executable_path), "build_id",
			 text_or_null(plan->build_id), "version", text_or_null(plan->version),
			 "symbols", elf_symbol_source_name(plan->symbol_source), "functions",
			 (json_int_t)plan->function_count, "kernel", json_of_kernel(&plan->kernel),
			 "attachment", plan_attachment_name(plan), "cost",
			 json_of_cost(plan, subject->level), "available",
			 (json_int_t)plan__available(plan), "of", (json_int_t)INSTR_COUNT,
			 "instrumentations", instrumentations, "task_types", task_types,
			 "own_telemetry", subject->own_telemetry ? subject->own_telemetry : "",
			 "runtimes", json_of_runtimes(plan, subject->runtimes));
	root = json_set(root, "other_processes", json_of_sharers(subject->sharers));
	/* the names of schema 1, deprecated (docs/json.md) */
	root = json_set(root, "signals", instrumentations);
	root = json_set(root, "task_kinds", task_types);
	return json_print(root, JSON_INDENT(2), stream, error);
}
