// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/plan.h"

#include <inttypes.h>
#include <jansson.h>

#include "tokio/task_type.h"

static const char *kind_of_attachment(const struct plan *plan)
{
	return plan->kernel.uprobe_multi ? "one uprobe_multi link a hook" : "one perf event a site";
}

/* The hooks of a way one after the other, and then what it watches besides; NULL behind the last. */
static const struct plan_hook *hook_of_way(const struct plan *plan,
					   const struct catalogue_strategy *way, size_t index)
{
	if (index < way->hook_count)
		return &plan->hooks[way->hooks[index]];
	index -= way->hook_count;
	return index < way->optional_hook_count ? &plan->hooks[way->optional_hooks[index]] : NULL;
}

/* Those that will be attached, as the tool counts them then: a tracepoint is one. */
static size_t count_sites(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < HOOK_COUNT; i++) {
		if (plan->hooks[i].wanted)
			count += catalogue_hook__is_tracepoint((enum hook)i)
					 ? 1
					 : plan->hooks[i].site_count;
	}
	return count;
}

static void print_site(const struct plan_site *site, FILE *stream)
{
	uint64_t slide = site->code.address - site->code.entry;

	fprintf(stream, "      %s at 0x%" PRIx64, catalogue_hooks[site->hook].name,
		site->code.address);
	if (slide)
		fprintf(stream, " (+0x%" PRIx64 ")", slide);
	fprintf(stream, ": %s  [%s]\n", code_cost_name(site->code.cost), site->code.instruction);
}

static void print_sites(const struct plan *plan, const struct catalogue_strategy *way, FILE *stream)
{
	const struct plan_hook *hook;

	for (size_t i = 0; (hook = hook_of_way(plan, way, i)); i++) {
		for (size_t s = 0; s < hook->site_count; s++)
			print_site(&plan->sites[hook->first_site + s], stream);
	}
}

static void print_signal(const struct plan *plan, size_t id, FILE *stream)
{
	const struct plan_instrumentation *signal = &plan->instrumentations[id];
	const struct catalogue_instrumentation *row = &catalogue_instrumentations[id];

	if (signal->strategy) {
		fprintf(stream, "  yes  %s: %s\n", row->name, row->gives);
		fprintf(stream, "      by %s\n", signal->strategy->name);
		print_sites(plan, signal->strategy, stream);
		return;
	}
	fprintf(stream, "  %s  %s: %s\n", signal->disabled_by_level ? "off" : "no ", row->name,
		row->gives);
	fprintf(stream, "      %s\n", signal->reason);
	if (signal->remedy[0])
		fprintf(stream, "      needs %s\n", signal->remedy);
}

static const char *role_name(enum task_role role)
{
	static const char *const names[] = {
#define X(identifier, name) [ROLE_##identifier] = name,
		ROLE_LIST(X)
#undef X
	};

	return names[role];
}

static size_t count_vtables(const struct plan *plan, size_t kind)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->tokio.vtable_count; i++)
		count += plan->tokio.vtables[i].kind.index == kind;
	return count;
}

/* How many kinds there are, and those that the observer has to know. */
static void print_kinds(const struct plan *plan, FILE *stream)
{
	size_t unknown =
		count_vtables(plan, KIND_OTHER) + count_vtables(plan, TASK_TYPE_OTHER_BLOCKING);

	fprintf(stream, "tasks       %zu kinds by %zu vtables, %zu more of unknown kinds\n",
		plan->tokio.task_type_count - TASK_TYPE_NAMED, plan->tokio.vtable_count - unknown,
		unknown);
	for (size_t i = TASK_TYPE_NAMED; i < plan->tokio.task_type_count; i++) {
		const struct tokio_task_type *type = &plan->tokio.task_types[i];

		if (type->role != ROLE_NONE)
			fprintf(stream, "            %s: %s\n", role_name(type->role), type->name);
	}
}

void plan__print_text(const struct plan *plan, FILE *stream)
{
	fprintf(stream, "executable  %s\n", plan->executable_path);
	fprintf(stream, "build id    %s\n", plan->build_id ? plan->build_id : "none");
	fprintf(stream, "version     %s\n", plan->version ? plan->version : "not told");
	fprintf(stream, "symbols     %zu functions from %s\n", plan->function_count,
		elf_symbol_source_name(plan->symbol_source));
	print_kinds(plan, stream);
	fprintf(stream, "kernel      %s\n",
		plan->kernel.why_not[0] ? plan->kernel.why_not : "has all that is needed");
	fprintf(stream, "attachment  %s, %zu sites\n\n", kind_of_attachment(plan),
		count_sites(plan));
	for (size_t i = 0; i < INSTR_COUNT; i++)
		print_signal(plan, i, stream);
	fprintf(stream, "\n%zu of %d signals", plan__available(plan), (int)INSTR_COUNT);
	if (plan__disabled(plan))
		fprintf(stream, ", %zu left out", plan__disabled(plan));
	fputc('\n', stream);
}

static json_t *json_of_site(const struct plan_site *site)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:b}", "hook",
			 catalogue_hooks[site->hook].name, "address",
			 (json_int_t)site->code.address, "function", (json_int_t)site->code.entry,
			 "file_offset", (json_int_t)site->file_offset, "cost",
			 code_cost_name(site->code.cost), "instruction", site->code.instruction,
			 "may_repeat", (int)site->code.may_repeat);
}

static json_t *json_of_signal(const struct plan *plan, size_t id)
{
	const struct plan_instrumentation *signal = &plan->instrumentations[id];
	json_t *object = json_pack(
		"{s:s, s:s, s:b, s:b}", "signal", catalogue_instrumentations[id].name, "gives",
		catalogue_instrumentations[id].gives, "available", signal->strategy != NULL,
		"disabled_by_level", (int)signal->disabled_by_level);

	if (!signal->strategy) {
		json_object_set_new(object, "reason", json_string(signal->reason));
		json_object_set_new(object, "remedy", json_string(signal->remedy));
		return object;
	}

	json_t *sites = json_array();

	const struct plan_hook *hook;

	for (size_t i = 0; (hook = hook_of_way(plan, signal->strategy, i)); i++) {
		for (size_t s = 0; s < hook->site_count; s++)
			json_array_append_new(sites,
					      json_of_site(&plan->sites[hook->first_site + s]));
	}
	json_object_set_new(object, "way", json_string(signal->strategy->name));
	json_object_set_new(object, "sites", sites);
	return object;
}

static json_t *json_of_kinds(const struct plan *plan)
{
	json_t *kinds = json_array();

	for (size_t i = 0; i < plan->tokio.task_type_count; i++) {
		const struct tokio_task_type *type = &plan->tokio.task_types[i];

		json_array_append_new(kinds,
				      json_pack("{s:s, s:s, s:s, s:I}", "name", type->name, "class",
						type->class == TASK_BLOCKING ? "blocking" : "async",
						"role", role_name(type->role), "vtables",
						(json_int_t)count_vtables(plan, i)));
	}
	return kinds;
}

void plan__print_json(const struct plan *plan, FILE *stream)
{
	json_t *signals = json_array();

	for (size_t i = 0; i < INSTR_COUNT; i++)
		json_array_append_new(signals, json_of_signal(plan, i));

	json_t *kernel = json_pack(
		"{s:b, s:b, s:b, s:b, s:b, s:b, s:s}", "btf", (int)plan->kernel.btf, "ring_buffer",
		(int)plan->kernel.ring_buffer, "uprobe", (int)plan->kernel.uprobe, "uprobe_multi",
		(int)plan->kernel.uprobe_multi, "rss_stat", (int)plan->kernel.rss_stat,
		"socket_accept", (int)plan->kernel.socket_accept, "missing", plan->kernel.why_not);
	json_t *root =
		json_pack("{s:s, s:s?, s:s?, s:s, s:I, s:o, s:s, s:o, s:I, s:I, s:o}", "executable",
			  plan->executable_path, "build_id", plan->build_id, "version",
			  plan->version, "symbols", elf_symbol_source_name(plan->symbol_source),
			  "functions", (json_int_t)plan->function_count, "task_kinds",
			  json_of_kinds(plan), "attachment", kind_of_attachment(plan), "kernel",
			  kernel, "available", (json_int_t)plan__available(plan), "of",
			  (json_int_t)INSTR_COUNT, "signals", signals);

	if (root)
		json_dumpf(root, stream, JSON_INDENT(2));
	fputc('\n', stream);
	json_decref(root);
}
