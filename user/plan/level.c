// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>

#include "plan/internal.h"

static void leave_out(struct plan *plan, enum instrumentation_id id, const char *level)
{
	struct plan_instrumentation *signal = &plan->instrumentations[id];

	if (!signal->strategy)
		return;
	signal->strategy = NULL;
	signal->disabled_by_level = true;
	snprintf(signal->reason, sizeof(signal->reason), "left out at the %s level", level);
	snprintf(signal->remedy, sizeof(signal->remedy), "--level full");
}

/* Nothing else builds on wake-ups where spawns have a hook of their own. */
static void leave_out_wakes(struct plan *plan, const char *level)
{
	const struct catalogue_strategy *way =
		plan->instrumentations[INSTR_TOKIO_SCHEDULING].strategy;

	if (!way || !plan->hooks[HOOK_TASK_SPAWN].wanted)
		return;
	for (size_t i = 0; i < way->hook_count; i++)
		plan->hooks[way->hooks[i]].wanted = false;
	leave_out(plan, INSTR_TOKIO_SCHEDULING, level);
}

void plan_disable_by_level(struct plan *plan, enum level level)
{
	const char *name = level_name(level);

	if (level == LEVEL_FULL)
		return;
	leave_out_wakes(plan, name);
	/* Their hooks stay: all else builds on them until it has been learnt to do without. */
	if (level == LEVEL_BASIC && plan__can_detach_polls(plan))
		leave_out(plan, INSTR_TOKIO_POLLS, name);
}
