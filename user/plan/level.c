// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/level.h"

#include <stdio.h>

static void disable(struct plan *plan, enum instrumentation_id id, enum level level)
{
	struct plan_instrumentation *instrumentation = &plan->instrumentations[id];

	if (!instrumentation->strategy)
		return;
	instrumentation->strategy = NULL;
	instrumentation->disabled_by_level = true;
	snprintf(instrumentation->reason, sizeof(instrumentation->reason),
		 "disabled at the level %s", level_names[level]);
	snprintf(instrumentation->remedy, sizeof(instrumentation->remedy), "--level full");
}

/* The hooks of wake-ups are not needed for anything else if spawns have a hook of their own. */
static void disable_scheduling(struct plan *plan, enum level level)
{
	const struct catalogue_strategy *strategy =
		plan->instrumentations[INSTR_TOKIO_SCHEDULING].strategy;

	if (!strategy || !plan->hooks[HOOK_TASK_SPAWN].wanted)
		return;
	for (size_t i = 0; i < strategy->hook_count; i++)
		plan->hooks[strategy->hooks[i]].wanted = false;
	for (size_t i = 0; i < strategy->optional_hook_count; i++)
		plan->hooks[strategy->optional_hooks[i]].wanted = false;
	disable(plan, INSTR_TOKIO_SCHEDULING, level);
}

bool plan_level_basic_omits(const struct plan *plan, enum hook hook)
{
	bool is_of_scheduling = hook == HOOK_TASK_SCHEDULE || hook == HOOK_SCHEDULE_LOCAL ||
				hook == HOOK_SCHEDULE_REMOTE;

	if (is_of_scheduling && plan->hooks[HOOK_TASK_SPAWN].wanted)
		return true;
	return catalogue_hooks[hook].is_of_polls && plan__can_detach_polls(plan);
}

void plan_disable_by_level(struct plan *plan, enum level level)
{
	if (level == LEVEL_FULL)
		return;
	disable_scheduling(plan, level);
	/* The hooks of polls stay wanted: other instrumentations need them until the tool has confirmed tokio's
	 * context at run time and detaches the poll probes. */
	if (level == LEVEL_BASIC && plan__can_detach_polls(plan))
		disable(plan, INSTR_TOKIO_POLLS, level);
}
