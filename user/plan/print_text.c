// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>
#include <string.h>

#include "base/printable.h"
#include "base/wire_names.h"
#include "plan/cost.h"
#include "plan/print.h"

#define LINE_WIDTH 88

/* A list that is printed with commas, in lines of at most LINE_WIDTH characters. */
struct list {
	FILE *stream;
	size_t column;
	bool has_items;
};

static void list__add(struct list *list, const char *item)
{
	size_t length = strlen(item);

	if (!list->has_items) {
		fprintf(list->stream, "  %s", item);
		list->column = 2 + length;
	} else if (list->column + 3 + length > LINE_WIDTH) {
		fprintf(list->stream, ",\n  %s", item);
		list->column = 2 + length;
	} else {
		fprintf(list->stream, ", %s", item);
		list->column += 2 + length;
	}
	list->has_items = true;
}

static void list__end(struct list *list)
{
	if (list->has_items)
		fputc('\n', list->stream);
}

/* Prints a line of a text that may come from outside: from the executable, the process or the kernel. */
static void print_line(const char *label, const char *text, FILE *stream)
{
	fputs(label, stream);
	printable_write(text, 0, stream);
	fputc('\n', stream);
}

/* Counts the sites that an observation attaches; a tracepoint is one site. */
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

static void print_observed(const struct plan *plan, FILE *stream)
{
	struct list list = {.stream = stream};

	fprintf(stream, "Observed: %zu of %d instrumentations\n", plan__available(plan),
		(int)INSTR_COUNT);
	for (size_t i = 0; i < INSTR_COUNT; i++) {
		if (plan->instrumentations[i].strategy)
			list__add(&list, catalogue_instrumentations[i].name);
	}
	list__end(&list);
}

static bool is_missing(const struct plan_instrumentation *instrumentation)
{
	return !instrumentation->strategy && !instrumentation->disabled_by_level;
}

/* Returns the length of a reason without the function that it names. The details have the function. */
static size_t short_length(const char *reason)
{
	const char *function = strstr(reason, ": ");

	return function ? (size_t)(function - reason) : strlen(reason);
}

static bool same_cause(const struct plan_instrumentation *left,
		       const struct plan_instrumentation *right)
{
	size_t length = short_length(left->reason);

	return is_missing(left) && is_missing(right) && length == short_length(right->reason) &&
	       strncmp(left->reason, right->reason, length) == 0 &&
	       strcmp(left->remedy, right->remedy) == 0;
}

/* Prints the missing instrumentations with the cause of number `first`, unless an earlier one has the same
 * cause and printed them. */
static void print_cause(const struct plan *plan, size_t first, FILE *stream)
{
	const struct plan_instrumentation *cause = &plan->instrumentations[first];
	size_t length = short_length(cause->reason);
	char reason[sizeof(cause->reason)];
	struct list list = {.stream = stream};

	for (size_t i = 0; i < first; i++) {
		if (same_cause(&plan->instrumentations[i], cause))
			return;
	}
	for (size_t i = first; i < INSTR_COUNT; i++) {
		if (same_cause(&plan->instrumentations[i], cause))
			list__add(&list, catalogue_instrumentations[i].name);
	}
	list__end(&list);
	snprintf(reason, sizeof(reason), "%.*s", (int)length, cause->reason);
	print_line(cause->reason[length] ? "    why:   a function is " : "    why:   ", reason,
		   stream);
	if (cause->remedy[0])
		print_line("    needs: ", cause->remedy, stream);
}

static void print_missing(const struct plan *plan, FILE *stream)
{
	size_t count = INSTR_COUNT - plan__available(plan) - plan__disabled(plan);

	if (count > 0)
		fprintf(stream, "\nMissing: %zu\n", count);
	for (size_t i = 0; i < INSTR_COUNT; i++) {
		if (is_missing(&plan->instrumentations[i]))
			print_cause(plan, i, stream);
	}
	if (plan->kernel.why_not[0])
		print_line("\nKernel: ", plan->kernel.why_not, stream);
}

static void print_disabled(const struct plan *plan, enum level level, FILE *stream)
{
	struct list list = {.stream = stream};

	if (plan__disabled(plan) == 0)
		return;
	fprintf(stream, "\nDisabled by --level %s: %zu\n", level_names[level],
		plan__disabled(plan));
	for (size_t i = 0; i < INSTR_COUNT; i++) {
		if (plan->instrumentations[i].disabled_by_level)
			list__add(&list, catalogue_instrumentations[i].name);
	}
	list__end(&list);
}

/* Prints the wanted hooks with single-stepped sites that requests hit, or those that requests do not hit. */
static void print_expensive(const struct plan *plan, bool of_requests, FILE *stream)
{
	struct list list = {.stream = stream};

	for (size_t i = 0; i < HOOK_COUNT; i++) {
		if (!plan->hooks[i].wanted || !plan->hooks[i].has_expensive_site ||
		    plan_is_hit_by_requests((enum hook)i) != of_requests)
			continue;
		if (!list.has_items)
			fprintf(stream, "  Slow probes (single-step, %.1f us a hit), %s:\n",
				(double)plan->kernel.step_ns / 1e3,
				of_requests ? "hit by requests" : "not hit by requests");
		list__add(&list, wire_hook_name((enum hook)i));
	}
	list__end(&list);
}

static void print_share(const struct plan_cost *cost, FILE *stream)
{
	fprintf(stream, "%.1f to %.1f %% of one CPU at 1,000 requests/s",
		plan_percent_of_cpu(cost->lowest_ns), plan_percent_of_cpu(cost->highest_ns));
}

/* The cost at the level basic, if it is lower than `cost`. */
static void print_basic(const struct plan *plan, const struct plan_cost *cost, FILE *stream)
{
	const struct plan_cost basic = plan__cost(plan, LEVEL_BASIC);

	if (basic.hits >= cost->hits)
		return;
	fprintf(stream, "  With --level basic: %.0f hits per request, ", basic.hits);
	print_share(&basic, stream);
	fputc('\n', stream);
}

static void print_limit(const struct plan_cost *cost, double max_overhead, FILE *stream)
{
	if (cost->hits_per_wait == 0)
		return;
	if (max_overhead > 0)
		fprintf(stream,
			"  --max-overhead %g: above %g %% of the CPUs available to the server, the "
			"poll probes are\n  detached for a part of the time. The probes of "
			"requests "
			"stay attached.\n",
			max_overhead, max_overhead);
	else
		fprintf(stream, "  --max-overhead none: all poll probes stay attached.\n");
}

static void print_cost(const struct plan *plan, const struct plan_subject *subject, FILE *stream)
{
	const struct plan_cost cost = plan__cost(plan, subject->level);

	if (!plan__has_sites(plan)) {
		fprintf(stream, "\nCost: none, because nothing can be attached\n");
		return;
	}
	if (cost.hits == 0) {
		fprintf(stream, "\nCost: requests hit no probe\n");
		print_expensive(plan, false, stream);
		return;
	}
	if (cost.lowest_ns == 0) {
		fprintf(stream, "\nCost: unknown; %.0f probe hits per request\n", cost.hits);
		return;
	}
	fprintf(stream,
		"\nCost: %.1f to %.1f us of the server's CPU time per request (estimated)\n  ",
		(double)cost.lowest_ns / 1e3, (double)cost.highest_ns / 1e3);
	print_share(&cost, stream);
	fprintf(stream, "\n  %.0f probe hits per request", cost.hits);
	if (cost.hits_per_wait > 0)
		fprintf(stream, ", %.0f more each time its handler waits", cost.hits_per_wait);
	fprintf(stream, "; a probe takes %.2f us in a loop\n", (double)plan->kernel.trap_ns / 1e3);
	print_basic(plan, &cost, stream);
	print_limit(&cost, subject->max_overhead, stream);
	print_expensive(plan, true, stream);
	print_expensive(plan, false, stream);
}

static void print_app_interval(const struct plan *plan, const struct plan_subject *subject,
			       FILE *stream)
{
	if (subject->app_interval && plan__has(plan, INSTR_APPLICATIONS))
		fprintf(stream,
			"\nApplications: known after the server's next check of all of them.\n"
			"  The interval is %s.\n",
			subject->app_interval);
}

static void print_own_telemetry(const struct plan_subject *subject, FILE *stream)
{
	if (!subject->own_telemetry || !subject->own_telemetry[0])
		return;
	fprintf(stream,
		"\nOwn telemetry: the server exports %s itself (SCOTTY__TELEMETRY)\n"
		"  Each appears twice under one name. Remove the variable from the server's "
		"environment,\n"
		"  or set --own-telemetry replace (another service name) or ignore.\n",
		subject->own_telemetry);
}

static void print_sharers(const struct plan_subject *subject, FILE *stream)
{
	char names[PROCESS_SHARERS_SIZE];

	if (!subject->sharers)
		return;
	fprintf(stream,
		"\nOther processes: this kernel attaches the probes to all that run the file\n"
		"  Their events are not counted, but the probes cost time there. Linux 6.10 or "
		"newer\n"
		"  attaches to the selected process only. Now: %s\n",
		subject->sharers->count > 0
			? process_sharers__name(subject->sharers, names, sizeof(names))
			: "no other process");
}

static void print_safety(const struct plan *plan, FILE *stream)
{
	fprintf(stream,
		"\nSafety: nothing was attached\n"
		"  An observation attaches %zu probe sites. The kernel detaches all of them when\n"
		"  scottyscope ends, also after kill -9. The server is not restarted or changed.\n",
		count_sites(plan));
}

static void print_subject(const struct plan *plan, const struct plan_subject *subject, FILE *stream)
{
	if (plan->version) {
		fputs("Scotty ", stream);
		printable_write(plan->version, 0, stream);
		fputs(", ", stream);
	}
	fprintf(stream, "process %d on ", (int)subject->pid);
	printable_write(subject->host, 0, stream);
	print_line(": ", plan->executable_path, stream);
	fputc('\n', stream);
}

static void print_site(const struct plan_site *site, FILE *stream)
{
	uint64_t slide = site->code.address - site->code.entry;

	fprintf(stream, "      %s at 0x%" PRIx64, wire_hook_name(site->hook), site->code.address);
	if (slide)
		fprintf(stream, " (+0x%" PRIx64 ")", slide);
	fprintf(stream, ": %s  [%s]\n", code_cost_name(site->code.cost), site->code.instruction);
}

static void print_sites(const struct plan *plan, const struct catalogue_strategy *strategy,
			FILE *stream)
{
	const struct plan_hook *hook;

	for (size_t i = 0; (hook = plan_hook_of_strategy(plan, strategy, i)); i++) {
		if (hook->function && hook->site_count > 0)
			print_line("    ", hook->function, stream);
		for (size_t s = 0; s < hook->site_count; s++)
			print_site(&plan->sites[hook->first_site + s], stream);
	}
}

static void print_instrumentation(const struct plan *plan, size_t id, FILE *stream)
{
	const struct plan_instrumentation *instrumentation = &plan->instrumentations[id];
	const struct catalogue_instrumentation *row = &catalogue_instrumentations[id];

	if (instrumentation->strategy) {
		fprintf(stream, "  yes  %s: %s\n", row->name, row->gives);
		fprintf(stream, "    strategy: %s\n", instrumentation->strategy->name);
		print_sites(plan, instrumentation->strategy, stream);
		return;
	}
	fprintf(stream, "  %s  %s: %s\n", instrumentation->disabled_by_level ? "off" : "no ",
		row->name, row->gives);
	print_line("    why:   ", instrumentation->reason, stream);
	if (instrumentation->remedy[0])
		print_line("    needs: ", instrumentation->remedy, stream);
}

/* Prints the number of task types, and the types with a role. */
static void print_task_types(const struct plan *plan, FILE *stream)
{
	const struct tokio *tokio = &plan->tokio;
	size_t unknown = plan_count_vtables(plan, KIND_OTHER) +
			 plan_count_vtables(plan, TASK_TYPE_OTHER_BLOCKING);

	fprintf(stream, "  task types  %zu, from %zu vtables; %zu vtables of unknown types\n",
		tokio->task_type_count - TASK_TYPE_NAMED, tokio->vtable_count - unknown, unknown);
	for (size_t i = TASK_TYPE_NAMED; i < tokio->task_type_count; i++) {
		const struct tokio_task_type *type = &tokio->task_types[i];

		if (type->role == ROLE_NONE)
			continue;
		fprintf(stream, "              %s", wire_role_name(type->role));
		print_line(": ", type->name, stream);
	}
}

static void print_details(const struct plan *plan, FILE *stream)
{
	fprintf(stream, "\nDetails\n");
	print_line("  executable  ", plan->executable_path, stream);
	fprintf(stream, "  build id    %s\n", plan->build_id ? plan->build_id : "none");
	print_line("  version     ", plan->version ? plan->version : "unknown", stream);
	fprintf(stream, "  symbols     %zu functions from %s\n", plan->function_count,
		elf_symbol_source_name(plan->symbol_source));
	print_task_types(plan, stream);
	fprintf(stream, "  attachment  %s, %zu sites\n", plan_attachment_name(plan),
		count_sites(plan));
	fprintf(stream, "  trap        emulated %" PRIu64 " ns, single-step %" PRIu64 " ns\n\n",
		plan->kernel.trap_ns, plan->kernel.step_ns);
	for (size_t i = 0; i < INSTR_COUNT; i++)
		print_instrumentation(plan, i, stream);
}

void plan__print_text(const struct plan *plan, const struct plan_subject *subject, bool is_verbose,
		      FILE *stream)
{
	print_subject(plan, subject, stream);
	print_observed(plan, stream);
	print_missing(plan, stream);
	print_disabled(plan, subject->level, stream);
	print_app_interval(plan, subject, stream);
	print_own_telemetry(subject, stream);
	plan_print_runtimes(plan, subject, stream);
	print_cost(plan, subject, stream);
	print_sharers(subject, stream);
	print_safety(plan, stream);
	if (is_verbose)
		print_details(plan, stream);
	else
		fprintf(stream, "\nscottyscope verify -v lists strategies, functions and sites.\n");
}
