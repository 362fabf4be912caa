// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "unit/plan/server.h"

static struct plan *plan_with_vtables(const char *blocking_schedule)
{
	char text[16384];

	snprintf(text, sizeof(text),
		 "%s%s%s"
		 ".section .data.rel.ro,\"aw\"\n.balign 8\n"
		 "first: .quad \"%s\", \"%s\", 0\n"
		 "second: .quad \"%s\", \"%s\", 0\n"
		 "lone: .quad \"%s\", 0\n",
		 PLAIN(POLL) PLAIN(PANIC), PLAIN(SCHEDULE), blocking_schedule, POLL, SCHEDULE, POLL,
		 SCHEDULE_BLOCKING, POLL);
	return plan_of(text, &full_kernel);
}

Test(tokio_vtable, a_schedule_that_only_panics_marks_blocking_tasks)
{
	struct plan *plan =
		plan_with_vtables(FUNCTION(SCHEDULE_BLOCKING, "push %rax\ncall \"" PANIC "\""));

	cr_assert_eq(plan->tokio.vtable_count, 2);
	cr_assert_eq(plan->tokio.vtables[0].kind.class, TASK_ASYNC);
	cr_assert_eq(plan->tokio.vtables[1].kind.class, TASK_BLOCKING);
	cr_assert_eq(plan->tokio.vtables[1].address - plan->tokio.vtables[0].address, 24);
	plan__free(plan);
}

#define SCHEDULE_OF_BLOCKING                                                                 \
	"_ZN103_$LT$tokio..runtime..blocking..schedule..BlockingSchedule$u20$as$u20$tokio.." \
	"runtime..task..Schedule$GT$8schedule" HASH

/* As the compilers of real servers have it: through the global offset table. */
Test(tokio_vtable, a_schedule_that_calls_blocking_schedule_marks_blocking_tasks)
{
	struct plan *plan = plan_with_vtables(PLAIN(SCHEDULE_OF_BLOCKING) FUNCTION(
		SCHEDULE_BLOCKING,
		"mov 16(%rdi), %rax\njmp *slot(%rip)") ".section "
						       ".data.rel.ro.local,\"aw\"\n.balign 8\n"
						       "slot: .quad \"" SCHEDULE_OF_BLOCKING
						       "\"\n.text\n");

	cr_assert_eq(plan->tokio.vtable_count, 2);
	cr_assert_eq(plan->tokio.vtables[0].kind.class, TASK_ASYNC);
	cr_assert_eq(plan->tokio.vtables[1].kind.class, TASK_BLOCKING);
	plan__free(plan);
}

#define MERGED "_ZN5tokio7runtime4task8Schedule9yield_now" HASH

/* As compilers have it that merge functions of the same code. */
Test(tokio_vtable, a_schedule_that_calls_a_mere_panic_marks_blocking_tasks)
{
	struct plan *plan = plan_with_vtables(
		FUNCTION(MERGED, "push %rax\ncall \"" PANIC "\"")
			FUNCTION(SCHEDULE_BLOCKING, "push %rax\ncall \"" MERGED "\""));

	cr_assert_eq(plan->tokio.vtable_count, 2);
	cr_assert_eq(plan->tokio.vtables[0].kind.class, TASK_ASYNC);
	cr_assert_eq(plan->tokio.vtables[1].kind.class, TASK_BLOCKING);
	plan__free(plan);
}

Test(tokio_vtable, pointers_to_poll_alone_make_no_vtable)
{
	struct plan *plan = plan_of(
		PLAIN(POLL) PLAIN(SCHEDULE) ".section .data.rel.ro,\"aw\"\n.balign 8\n"
					    "lone: .quad \"" POLL "\", 0, \"" SCHEDULE "\"\n",
		&full_kernel);

	cr_assert_eq(plan->tokio.vtable_count, 0);
	plan__free(plan);
}
