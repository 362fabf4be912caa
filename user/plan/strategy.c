// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/strategy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/wire_names.h"

static const char *const build_remedy =
	"a build that keeps the function (it may be inlined or stripped)";

static const char *const tracefs_remedy =
	"tracefs (mount -t tracefs tracefs /sys/kernel/tracing; in a container "
	"-v /sys/kernel/tracing:/sys/kernel/tracing:ro)";

/* Sets the reason, `what` and `which`, and the remedy. Returns true. */
static bool set_missing(struct plan_instrumentation *tried, const char *remedy, const char *what,
			const char *which)
{
	snprintf(tried->reason, sizeof(tried->reason), "%s%s", what, which);
	snprintf(tried->remedy, sizeof(tried->remedy), "%s", remedy);
	return true;
}

static bool kernel_lacks(const struct plan *plan, const struct catalogue_strategy *strategy,
			 struct plan_instrumentation *tried)
{
	bool needs_rss_stat = strategy->needs & NEED_RSS_STAT && !plan->kernel.rss_stat;

	if (plan->kernel.locked_down && (strategy->needs & NEED_UPROBE || needs_rss_stat))
		return set_missing(tried, "lockdown=integrity, or no lockdown",
				   "the kernel's lockdown=confidentiality forbids probes", "");
	if (strategy->needs & NEED_UPROBE && !plan->kernel.uprobe &&
	    plan->kernel.why_code == -EPERM)
		return set_missing(tried, "what \"Kernel\" below names",
				   "uprobes are not permitted", "");
	if (strategy->needs & NEED_UPROBE && !plan->kernel.uprobe)
		return set_missing(tried, "a kernel with CONFIG_UPROBE_EVENTS",
				   "the kernel has no ", "uprobes");
	if (needs_rss_stat && plan->kernel.tracefs == TRACEFS_DENIED)
		return set_missing(tried, "root, or CAP_DAC_READ_SEARCH",
				   "tracefs may not be read by this user", "");
	if (needs_rss_stat && plan->kernel.tracefs == TRACEFS_ABSENT)
		return set_missing(tried, tracefs_remedy,
				   "tracefs is not mounted, and may not be mounted by this process",
				   "");
	if (needs_rss_stat)
		return set_missing(tried,
				   "a kernel with CONFIG_FTRACE and kmem:rss_stat (Linux 5.6)",
				   "the kernel has no ", "tracepoint kmem:rss_stat");
	return false;
}

/* Returns why a hook has no site. */
static const char *reason_without_site(const struct plan_hook *hook)
{
	if (hook->found)
		return "inlined, or cannot be probed: ";
	return hook->function_exists ? "inlined into some of the polls: "
				     : "not in the executable: ";
}

static bool hooks_lack(const struct plan *plan, const struct catalogue_strategy *strategy,
		       struct plan_instrumentation *tried)
{
	for (size_t i = 0; i < strategy->hook_count; i++) {
		const struct plan_hook *hook = &plan->hooks[strategy->hooks[i]];

		if (hook->function && hook->site_count == 0)
			return set_missing(tried, build_remedy, reason_without_site(hook),
					   hook->function);
	}
	return false;
}

static bool task_types_lack(const struct tokio *tokio, const struct catalogue_strategy *strategy,
			    struct plan_instrumentation *tried)
{
	if (strategy->role == ROLE_NONE)
		return false;
	for (size_t i = 0; i < tokio->task_type_count; i++) {
		if (tokio->task_types[i].role == strategy->role)
			return false;
	}
	return set_missing(tried, build_remedy, "no task type of the executable has the role ",
			   wire_role_name(strategy->role));
}

/* Whether the instrumentation that this one needs is missing; then the reason is the same. */
static bool base_lacks(const struct plan *plan, enum instrumentation_id base_id,
		       struct plan_instrumentation *tried)
{
	const struct plan_instrumentation *base = &plan->instrumentations[base_id];

	if (base->strategy)
		return false;
	memcpy(tried->reason, base->reason, sizeof(tried->reason));
	memcpy(tried->remedy, base->remedy, sizeof(tried->remedy));
	return true;
}

static bool bases_lack(const struct plan *plan, const struct catalogue_strategy *strategy,
		       struct plan_instrumentation *tried)
{
	if (strategy->needs & NEED_POLLS && base_lacks(plan, INSTR_TOKIO_POLLS, tried))
		return true;
	if (strategy->needs & NEED_WEBSOCKETS && base_lacks(plan, INSTR_WEBSOCKETS, tried))
		return true;
	if (strategy->needs & NEED_SPAWNS && !plan->hooks[HOOK_TASK_SPAWN].site_count &&
	    base_lacks(plan, INSTR_TOKIO_SCHEDULING, tried))
		return true;
	return strategy->needs & NEED_APPLICATIONS && base_lacks(plan, INSTR_APPLICATIONS, tried);
}

/* Whether the strategy is available; if not, sets the reason and the remedy in `tried`. */
static bool is_available(const struct plan *plan, const struct catalogue_strategy *strategy,
			 struct plan_instrumentation *tried)
{
	if (kernel_lacks(plan, strategy, tried) || hooks_lack(plan, strategy, tried) ||
	    task_types_lack(&plan->tokio, strategy, tried) || bases_lack(plan, strategy, tried))
		return false;
	if (strategy->needs & NEED_STATUS_OFFSET && !plan->app_status_offset)
		return !set_missing(
			tried, build_remedy,
			"the code of AppData::new does not show the place of the status", "");
	if (strategy->needs & NEED_NO_MULTI_THREAD && plan->has_worker_loop)
		return !set_missing(tried, build_remedy, "inlined, or cannot be probed: ",
				    "the run queues of the multi-thread scheduler");
	if (strategy->path && !plan->strategy_path_exists[strategy - catalogue_strategies])
		return !set_missing(tried, build_remedy, "not in the executable: ", strategy->path);
	return true;
}

static bool is_expensive(const struct plan *plan, const struct catalogue_strategy *strategy)
{
	for (size_t i = 0; i < strategy->hook_count; i++) {
		if (plan->hooks[strategy->hooks[i]].has_expensive_site)
			return true;
	}
	return false;
}

static void mark_hooks(struct plan *plan, const struct catalogue_strategy *strategy)
{
	for (size_t i = 0; i < strategy->hook_count; i++)
		plan->hooks[strategy->hooks[i]].wanted = true;
	for (size_t i = 0; i < strategy->optional_hook_count; i++) {
		struct plan_hook *hook = &plan->hooks[strategy->optional_hooks[i]];

		hook->wanted = hook->site_count > 0;
	}
}

static void choose(struct plan *plan, enum instrumentation_id id)
{
	struct plan_instrumentation *instrumentation = &plan->instrumentations[id];
	const struct catalogue_strategy *chosen = NULL;
	bool is_first = true;

	snprintf(instrumentation->reason, sizeof(instrumentation->reason),
		 "this version has no strategy for it");
	for (size_t i = 0; i < catalogue_strategy_count; i++) {
		const struct catalogue_strategy *strategy = &catalogue_strategies[i];
		struct plan_instrumentation tried = {0};
		bool available;

		if (strategy->id != id)
			continue;
		available = is_available(plan, strategy, &tried);
		/* The reason and the remedy are those of the best strategy. */
		if (is_first && !available)
			*instrumentation = tried;
		is_first = false;
		if (!available)
			continue;
		if (!chosen || (is_expensive(plan, chosen) && !is_expensive(plan, strategy)))
			chosen = strategy;
	}
	instrumentation->strategy = chosen;
	if (chosen)
		mark_hooks(plan, chosen);
}

/* Polls and scheduling come first: most strategies need polls and spawns. */
void plan_choose_strategies(struct plan *plan)
{
	choose(plan, INSTR_TOKIO_POLLS);
	choose(plan, INSTR_TOKIO_SCHEDULING);
	for (size_t i = 0; i < INSTR_COUNT; i++) {
		if (i != INSTR_TOKIO_POLLS && i != INSTR_TOKIO_SCHEDULING)
			choose(plan, (enum instrumentation_id)i);
	}
}
