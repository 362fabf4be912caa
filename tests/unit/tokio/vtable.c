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

/* A program with two vtables whose words behind the functions are `first` and `second`. */
static struct plan *plan_with_offsets(const char *first, const char *second)
{
	char text[16384];

	snprintf(text, sizeof(text),
		 "%s.section .data.rel.ro,\"aw\"\n.balign 8\n"
		 ".quad \"%s\", \"%s\", 0, 0, 0, 0, 0, %s\n"
		 ".quad \"%s\", \"%s\", 0, 0, 0, 0, 0, %s\n",
		 PLAIN(POLL) PLAIN(SCHEDULE), POLL, SCHEDULE, first, POLL, SCHEDULE, second);
	return plan_of(text, &full_kernel);
}

static void expect_layout(const char *first, const char *second, int first_id, int second_id,
			  unsigned int stage_distance)
{
	struct plan *plan = plan_with_offsets(first, second);

	cr_assert_eq(plan->tokio.vtable_count, 2);
	cr_expect_eq(plan->tokio.vtables[0].kind.id_word, first_id, "%s: %d", first,
		     plan->tokio.vtables[0].kind.id_word);
	cr_expect_eq(plan->tokio.vtables[1].kind.id_word, second_id, "%s: %d", second,
		     plan->tokio.vtables[1].kind.id_word);
	cr_expect_eq(plan->tokio.stage_distance, stage_distance, "%s; %s: %u", first, second,
		     plan->tokio.stage_distance);
	plan__free(plan);
}

/* trailer, scheduler, id; then whatever the compiler puts behind the constant. */
Test(tokio_vtable, without_unstable_the_stage_follows_the_id)
{
	expect_layout("512, 32, 40, 0", "512, 32, 40, 0", 5, 5, 8);
	/* A vtable of a trait object behind a task's vtable: drop glue, size, alignment. */
	expect_layout("512, 32, 40, 48, 8", "512, 32, 40, 0, 48, 8", 5, 5, 8);
	expect_layout("512, 32, 40, 0, 48, 8", "512, 32, 64, 72", 5, 8, 8);
}

Test(tokio_vtable, with_unstable_the_spawn_location_follows_the_id)
{
	expect_layout("512, 32, 40, 48", "256, 32, 64, 72", 5, 8, 16);
	/* The feature `tracing` adds a word to the header. */
	expect_layout("512, 40, 48, 56", "256, 40, 72, 80", 6, 9, 16);
	/* The feature `schedule-latency` of tokio 1.54 adds two. */
	expect_layout("512, 56, 64, 72", "256, 56, 88, 96", 8, 11, 16);
	/* A future that is aligned to 128 bytes moves the scheduler. */
	expect_layout("1024, 128, 136, 144", "512, 32, 40, 48", 17, 5, 16);
}

Test(tokio_vtable, offsets_that_contradict_each_other_tell_no_id)
{
	static const char *const wrong[] = {
		"512, 40, 32, 0", /* the id before the scheduler */
		"40, 32, 40, 0",  /* the trailer at the id */
		"512, 24, 40, 0", /* the scheduler in the header */
		"512, 32, 44, 0", /* a part of a word */
		"8192, 4096, 4104, 0",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect_layout(wrong[i], "512, 32, 40, 48", 0, 5, 16);
	expect_layout("0, 0, 0, 8", "0, 0, 0, 8", 0, 0, 8);
}
