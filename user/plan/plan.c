// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/plan.h"

#include <stdlib.h>

bool plan__can_detach_polls(const struct plan *plan)
{
	if (!plan->tokio.context_offset || !plan->hooks[HOOK_TASK_SPAWN].wanted ||
	    !plan->hooks[HOOK_HTTP_PARSE].wanted)
		return false;
	for (size_t i = 0; i < plan->tokio.vtable_count; i++) {
		if (!plan->tokio.vtables[i].kind.id_word)
			return false;
	}
	return plan->tokio.vtable_count > 0;
}

void plan__free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->executable_path);
	free(plan->build_id);
	free(plan->version);
	free(plan->sites);
	tokio__done(&plan->tokio);
	free(plan);
}

size_t plan__available(const struct plan *plan)
{
	size_t available = 0;

	for (size_t i = 0; i < INSTR_COUNT; i++)
		available += plan->instrumentations[i].strategy != NULL;
	return available;
}

size_t plan__disabled(const struct plan *plan)
{
	size_t disabled = 0;

	for (size_t i = 0; i < INSTR_COUNT; i++)
		disabled += plan->instrumentations[i].disabled_by_level;
	return disabled;
}
