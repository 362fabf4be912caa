// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "layout/hyper.h"
#include "layout/tungstenite.h"

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

struct plan *plan__new(void)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return NULL;
	plan->encode_head_offset = ENCODE_HEAD_OFFSET;
	plan->head_status_offset = HEAD_STATUS_OFFSET;
	plan->frame_payload_offset = FRAME_PAYLOAD_OFFSET;
	plan->frame_head_offset = FRAME_HEAD_OFFSET;
	return plan;
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

bool plan__has_sites(const struct plan *plan)
{
	for (size_t i = 0; i < HOOK_COUNT; i++) {
		if (plan->hooks[i].wanted && plan->hooks[i].site_count > 0)
			return true;
	}
	return false;
}

void plan__withdraw(struct plan *plan, int code, const char *reason)
{
	for (size_t i = 0; i < INSTR_COUNT; i++) {
		struct plan_instrumentation *instrumentation = &plan->instrumentations[i];

		if (!instrumentation->strategy || instrumentation->strategy->hook_count == 0)
			continue;
		instrumentation->strategy = NULL;
		snprintf(instrumentation->reason, sizeof(instrumentation->reason),
			 "the kernel does not load the programs");
		snprintf(instrumentation->remedy, sizeof(instrumentation->remedy),
			 "what \"Kernel\" below names");
	}
	for (size_t i = 0; i < HOOK_COUNT; i++)
		plan->hooks[i].wanted = false;
	plan->kernel.why_code = code;
	snprintf(plan->kernel.why_not, sizeof(plan->kernel.why_not), "%s", reason);
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
