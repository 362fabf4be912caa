// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "plan/internal.h"

static int ignore_symbol(void *context, const struct elf_symbol *symbol)
{
	(void)context;
	(void)symbol;
	return 0;
}

static bool is_in_executable(const struct plan_builder *builder, const char *path)
{
	return elf_symbols__find(builder->executable->symbols, path, ignore_symbol, NULL) > 0;
}

static const char *const build_remedy =
	"a build that keeps the function (it may be inlined or stripped)";

static const char *const tracefs_remedy =
	"tracefs (mount -t tracefs tracefs /sys/kernel/tracing; in a container "
	"-v /sys/kernel/tracing:/sys/kernel/tracing:ro)";

static bool is_missing(struct plan_instrumentation *signal, const char *remedy, const char *what,
		       const char *which)
{
	snprintf(signal->reason, sizeof(signal->reason), "%s%s", what, which);
	snprintf(signal->remedy, sizeof(signal->remedy), "%s", remedy);
	return true;
}

static bool kernel_lacks(const struct plan *plan, const struct catalogue_strategy *way,
			 struct plan_instrumentation *signal)
{
	if (way->needs & NEED_UPROBE && !plan->kernel.uprobe)
		return is_missing(
			signal,
			"a kernel with CONFIG_UPROBE_EVENTS that lets uprobes be attached "
			"(kernel.perf_event_paranoid, security modules)",
			"the kernel has no ", "uprobes");
	if ((way->needs & NEED_RSS_STAT && !plan->kernel.rss_stat) ||
	    (way->needs & NEED_SOCKET_ACCEPT && !plan->kernel.socket_accept)) {
		if (plan->kernel.tracefs == TRACEFS_DENIED)
			return is_missing(signal, "root, or CAP_DAC_READ_SEARCH",
					  "tracefs may not be read by this user", "");
		if (plan->kernel.tracefs == TRACEFS_ABSENT)
			return is_missing(signal, tracefs_remedy,
					  "tracefs is not mounted, and may not be mounted by this "
					  "process",
					  "");
	}
	if (way->needs & NEED_RSS_STAT && !plan->kernel.rss_stat)
		return is_missing(signal,
				  "a kernel with CONFIG_FTRACE and kmem:rss_stat (Linux 5.6)",
				  "the kernel has no ", "tracepoint kmem:rss_stat");
	if (way->needs & NEED_SOCKET_ACCEPT && !plan->kernel.socket_accept)
		return is_missing(signal, "a kernel with CONFIG_FTRACE_SYSCALLS",
				  "the kernel has no ",
				  "tracepoints syscalls:sys_{enter,exit}_accept4");
	return false;
}

/* Why a hook has no site. */
static const char *what_is_wrong(const struct plan_builder *builder,
				 const struct plan_hook *planned)
{
	if (planned->found)
		return "inlined, or cannot be probed: ";
	return is_in_executable(builder, planned->function) ? "inlined into some of the polls: "
							    : "not in the executable: ";
}

static bool hooks_lack(const struct plan_builder *builder, const struct catalogue_strategy *way,
		       struct plan_instrumentation *signal)
{
	for (size_t i = 0; i < way->hook_count; i++) {
		const struct plan_hook *planned = &builder->plan->hooks[way->hooks[i]];

		if (planned->function && planned->site_count == 0)
			return is_missing(signal, build_remedy, what_is_wrong(builder, planned),
					  planned->function);
	}
	return false;
}

static bool kinds_lack(const struct plan *plan, const struct catalogue_strategy *way,
		       struct plan_instrumentation *signal)
{
	static const char *const names[ROLE_COUNT] = {
#define X(identifier, name) [ROLE_##identifier] = name,
		ROLE_LIST(X)
#undef X
	};

	if (way->role == ROLE_NONE)
		return false;
	for (size_t i = 0; i < plan->tokio.task_type_count; i++) {
		if (plan->tokio.task_types[i].role == way->role)
			return false;
	}
	return is_missing(signal, build_remedy,
			  "not among the executable's kinds of tasks: ", names[way->role]);
}

/* Where another signal cannot be had, this one cannot either, for the same reason. */
static bool builds_on(const struct plan *plan, enum instrumentation_id other,
		      struct plan_instrumentation *signal)
{
	const struct plan_instrumentation *base = &plan->instrumentations[other];

	if (base->strategy)
		return false;
	memcpy(signal->reason, base->reason, sizeof(signal->reason));
	memcpy(signal->remedy, base->remedy, sizeof(signal->remedy));
	return true;
}

/* Whether a way can be gone; if not, says why in `signal`. */
static bool way_is_possible(const struct plan_builder *builder,
			    const struct catalogue_strategy *way,
			    struct plan_instrumentation *signal)
{
	const struct plan *plan = builder->plan;

	if (kernel_lacks(plan, way, signal) || hooks_lack(builder, way, signal) ||
	    kinds_lack(plan, way, signal))
		return false;
	if ((way->needs & NEED_POLLS && builds_on(plan, INSTR_TOKIO_POLLS, signal)) ||
	    (way->needs & NEED_WEBSOCKETS && builds_on(plan, INSTR_WEBSOCKETS, signal)) ||
	    (way->needs & NEED_SPAWNS && !plan->hooks[HOOK_TASK_SPAWN].site_count &&
	     builds_on(plan, INSTR_TOKIO_SCHEDULING, signal)) ||
	    (way->needs & NEED_APPLICATIONS && builds_on(plan, INSTR_APPLICATIONS, signal)))
		return false;
	if (way->needs & NEED_STATUS_OFFSET && !plan->app_status_offset)
		return !is_missing(signal, build_remedy, "AppData::new does not tell its layout",
				   "");
	if (way->path && !is_in_executable(builder, way->path))
		return !is_missing(signal, build_remedy, "not in the executable: ", way->path);
	return true;
}

static bool way_is_expensive(const struct plan *plan, const struct catalogue_strategy *way)
{
	for (size_t i = 0; i < way->hook_count; i++) {
		if (plan->hooks[way->hooks[i]].has_expensive_site)
			return true;
	}
	return false;
}

static void choose_way(struct plan_builder *builder, enum instrumentation_id id)
{
	struct plan *plan = builder->plan;
	struct plan_instrumentation *signal = &plan->instrumentations[id];
	bool is_first = true;

	snprintf(signal->reason, sizeof(signal->reason), "this version has no way to get it");
	for (size_t w = 0; w < catalogue_strategy_count; w++) {
		const struct catalogue_strategy *way = &catalogue_strategies[w];
		struct plan_instrumentation tried = {0};
		bool is_possible;

		if (way->signal != id)
			continue;
		is_possible = way_is_possible(builder, way, &tried);
		/* What the best way misses is the best to mend. */
		if (is_first && !is_possible)
			*signal = tried;
		is_first = false;
		if (!is_possible)
			continue;
		if (!signal->strategy ||
		    (way_is_expensive(plan, signal->strategy) && !way_is_expensive(plan, way)))
			signal->strategy = way;
	}
	for (size_t i = 0; signal->strategy && i < signal->strategy->hook_count; i++)
		plan->hooks[signal->strategy->hooks[i]].wanted = true;
	for (size_t i = 0; signal->strategy && i < signal->strategy->optional_hook_count; i++) {
		struct plan_hook *watch = &plan->hooks[signal->strategy->optional_hooks[i]];

		watch->wanted = watch->site_count > 0;
	}
}

/* Most ways build on the polls and on spawns, so theirs are chosen first. */
void plan_choose_strategies(struct plan_builder *builder)
{
	choose_way(builder, INSTR_TOKIO_POLLS);
	choose_way(builder, INSTR_TOKIO_SCHEDULING);
	for (size_t s = 0; s < INSTR_COUNT; s++) {
		if (s != INSTR_TOKIO_POLLS && s != INSTR_TOKIO_SCHEDULING)
			choose_way(builder, (enum instrumentation_id)s);
	}
}
