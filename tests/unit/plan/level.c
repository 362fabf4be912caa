// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "server.h"

static const char disabled_at_basic[] = "disabled at the level basic";
static const char disabled_at_standard[] = "disabled at the level standard";

Test(plan_level, full_disables_nothing)
{
	struct plan *plan = plan_of_server(&(struct server){.has_context = true}, &full_kernel);

	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	cr_expect_eq(plan__disabled(plan), 0);
	cr_expect(plan__can_detach_polls(plan));
	plan__free(plan);
}

Test(plan_level, standard_disables_scheduling)
{
	struct plan *plan = plan_of_server_at_level(&(struct server){.has_context = true},
						    &full_kernel, LEVEL_STANDARD);

	expect_missing(plan, INSTR_TOKIO_SCHEDULING, disabled_at_standard);
	EXPECT_ALL_BUT(plan, INSTR_TOKIO_SCHEDULING);
	cr_expect_eq(plan__disabled(plan), 1);
	expect_wanted(plan, HOOK_TASK_SCHEDULE, false);
	expect_wanted(plan, HOOK_TASK_SPAWN, true);
	expect_wanted(plan, HOOK_POLL_START, true);
	plan__free(plan);
}

Test(plan_level, basic_disables_polls_but_keeps_their_hooks_for_the_start)
{
	struct plan *plan = plan_of_server_at_level(&(struct server){.has_context = true},
						    &full_kernel, LEVEL_BASIC);

	expect_missing(plan, INSTR_TOKIO_SCHEDULING, disabled_at_basic);
	expect_missing(plan, INSTR_TOKIO_POLLS, disabled_at_basic);
	EXPECT_ALL_BUT(plan, INSTR_TOKIO_SCHEDULING, INSTR_TOKIO_POLLS);
	cr_expect_eq(plan__disabled(plan), 2);
	expect_wanted(plan, HOOK_TASK_SCHEDULE, false);
	expect_wanted(plan, HOOK_POLL_START, true);
	expect_wanted(plan, HOOK_POLL_IDLE, true);
	plan__free(plan);
}

/* An instrumentation that others need stays, and is reported. */
Test(plan_level, what_others_need_stays)
{
	struct plan *plan = plan_of_server_at_level(&(struct server){}, &full_kernel, LEVEL_BASIC);

	cr_expect_not(plan__can_detach_polls(plan));
	EXPECT_ALL_BUT(plan, INSTR_TOKIO_SCHEDULING);
	plan__free(plan);

	/* Without a hook at spawns, the hooks of wake-ups notice spawns. */
	plan = plan_of_server_at_level(
		&(struct server){.has_context = true, WITHOUT(HOOK_TASK_SPAWN)}, &full_kernel,
		LEVEL_BASIC);
	cr_expect_not(plan__can_detach_polls(plan));
	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	cr_expect_eq(plan__disabled(plan), 0);
	expect_wanted(plan, HOOK_TASK_SCHEDULE, true);
	plan__free(plan);
}

/* Without the place of its id, a task cannot be recognised. */
Test(plan_level, every_task_must_have_its_id)
{
	struct plan *plan = plan_of_server(
		&(struct server){.has_context = true, .without_ids = true}, &full_kernel);

	cr_expect_neq(plan->tokio.context_offset, 0);
	cr_expect_not(plan__can_detach_polls(plan));
	plan__free(plan);
}
