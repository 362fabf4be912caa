// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "server.h"

static const char left_out_of_basic[] = "left out at the basic level";
static const char left_out_of_standard[] = "left out at the standard level";

Test(plan_levels, full_leaves_nothing_out)
{
	struct plan *plan = plan_of_server(&(struct server){.has_context = true}, &full_kernel);

	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	cr_expect_eq(plan__disabled(plan), 0);
	cr_expect(plan__can_detach_polls(plan));
	plan__free(plan);
}

Test(plan_levels, standard_leaves_run_queues_out)
{
	struct plan *plan = plan_of_server(
		&(struct server){.has_context = true, .level = LEVEL_STANDARD}, &full_kernel);

	expect_missing(plan, INSTR_TOKIO_SCHEDULING, left_out_of_standard);
	EXPECT_ALL_BUT(plan, INSTR_TOKIO_SCHEDULING);
	cr_expect_eq(plan__disabled(plan), 1);
	expect_wanted(plan, HOOK_TASK_SCHEDULE, false);
	expect_wanted(plan, HOOK_TASK_SPAWN, true);
	expect_wanted(plan, HOOK_POLL_START, true);
	plan__free(plan);
}

Test(plan_levels, basic_leaves_polls_out_but_learns_by_them)
{
	struct plan *plan = plan_of_server(
		&(struct server){.has_context = true, .level = LEVEL_BASIC}, &full_kernel);

	expect_missing(plan, INSTR_TOKIO_SCHEDULING, left_out_of_basic);
	expect_missing(plan, INSTR_TOKIO_POLLS, left_out_of_basic);
	EXPECT_ALL_BUT(plan, INSTR_TOKIO_SCHEDULING, INSTR_TOKIO_POLLS);
	cr_expect_eq(plan__disabled(plan), 2);
	expect_wanted(plan, HOOK_TASK_SCHEDULE, false);
	expect_wanted(plan, HOOK_POLL_START, true);
	expect_wanted(plan, HOOK_POLL_IDLE, true);
	plan__free(plan);
}

/* What cannot be done without stays, and is reported. */
Test(plan_levels, what_all_else_builds_on_stays)
{
	struct plan *plan = plan_of_server(&(struct server){.level = LEVEL_BASIC}, &full_kernel);

	cr_expect_not(plan__can_detach_polls(plan));
	EXPECT_ALL_BUT(plan, INSTR_TOKIO_SCHEDULING);
	plan__free(plan);

	/* Wake-ups tell spawns where nothing else does. */
	plan = plan_of_server(&(struct server){.has_context = true,
					       .level = LEVEL_BASIC,
					       WITHOUT(HOOK_TASK_SPAWN)},
			      &full_kernel);
	cr_expect_not(plan__can_detach_polls(plan));
	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	cr_expect_eq(plan__disabled(plan), 0);
	expect_wanted(plan, HOOK_TASK_SCHEDULE, true);
	plan__free(plan);
}

/* A task that does not say where its id is could not be told. */
Test(plan_levels, every_task_must_have_its_id)
{
	struct plan *plan = plan_of_server(
		&(struct server){.has_context = true, .without_ids = true}, &full_kernel);

	cr_expect_neq(plan->tokio.context_offset, 0);
	cr_expect_not(plan__can_detach_polls(plan));
	plan__free(plan);
}
