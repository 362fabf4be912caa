// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>

#include "plan/plan.h"
#include "program.h"

static const struct plan_kernel full_kernel = {
	.btf = 1,
	.ring_buffer = 1,
	.uprobe = 1,
	.attach_cookie = 1,
	.uprobe_multi = 1,
	.multi_by_process = 1,
	.rss_stat = 1,
};

#define TASK_STATES PLAIN(RUNNING) PLAIN(IDLE) PLAIN(COMPLETE)
#define ALL_HOOKS \
	TASK_STATES PLAIN(PARSE) PLAIN(ENCODE) PLAIN(ROUTE) PLAIN(HTTP2) PLAIN(POLL) PLAIN(WORKER)

static struct plan *plan_of(const char *text, const struct plan_kernel *kernel)
{
	struct program program = program_of(text);
	struct error error = {0};
	struct plan *plan = NULL;

	cr_assert_eq(plan__build(program.image, program.symbols, kernel, &plan, &error), 0, "%s",
		     error.message);
	program_done(&program);
	return plan;
}

Test(plan, a_program_with_every_function_gives_every_signal_that_has_a_way)
{
	struct plan *plan = plan_of(ALL_HOOKS, &full_kernel);

	for (int signal = SIGNAL_HTTP_REQUESTS; signal <= SIGNAL_MEMORY_PEAK; signal++)
		cr_assert_not_null(plan->signals[signal].way, "%s: %s",
				   catalogue_signals[signal].name, plan->signals[signal].reason);
	for (int hook = 0; hook < HOOK_COUNT; hook++)
		cr_assert(plan->hooks[hook].wanted, "%s", catalogue_hooks[hook].name);
	cr_assert_eq(plan->site_count, 7);
	plan__free(plan);
}

Test(plan, what_the_catalogue_has_no_way_for_is_said_to_be_missing)
{
	struct plan *plan = plan_of(ALL_HOOKS, &full_kernel);
	size_t available = 0;

	for (int signal = 0; signal < SIGNAL_COUNT; signal++) {
		if (plan->signals[signal].way)
			available++;
		else
			cr_assert_neq(plan->signals[signal].reason[0], '\0');
	}
	cr_assert_eq(plan__available(plan), available);
	cr_assert_lt(available, SIGNAL_COUNT);
	plan__free(plan);
}

Test(plan, every_copy_of_a_function_is_a_site)
{
	struct plan *plan = plan_of(
		ALL_HOOKS FUNCTION("_ZN4core3ptr61drop_in_place$LT$axum..extract..matched_path.."
				   "MatchedPath$GT$17hfedcba9876543210E",
				   "push %rbx\npop %rbx\nret"),
		&full_kernel);

	cr_assert_eq(plan->hooks[HOOK_HTTP_ROUTE].site_count, 2);
	cr_assert_eq(plan->hooks[HOOK_HTTP_ROUTE].found, 2);
	plan__free(plan);
}

Test(plan, a_missing_function_costs_its_signals_and_no_others)
{
	struct plan *plan =
		plan_of(TASK_STATES PLAIN(PARSE) PLAIN(ENCODE) PLAIN(POLL), &full_kernel);

	cr_assert_not_null(plan->signals[SIGNAL_HTTP_REQUESTS].way);
	cr_assert_null(plan->signals[SIGNAL_HTTP_ROUTES].way);
	cr_assert_not_null(strstr(plan->signals[SIGNAL_HTTP_ROUTES].reason, "MatchedPath"));
	cr_assert_neq(plan->signals[SIGNAL_HTTP_ROUTES].remedy[0], '\0');
	cr_assert_not(plan->hooks[HOOK_HTTP_ROUTE].wanted);
	/* What only tells what a way cannot see is not missed. */
	cr_assert_not(plan->hooks[HOOK_HTTP2_STREAM].wanted);
	cr_assert_null(plan->signals[SIGNAL_TOKIO_WORKERS].way);
	cr_assert_not_null(plan->signals[SIGNAL_TOKIO_POLLS].way);
	plan__free(plan);
}

Test(plan, requests_cannot_be_had_without_the_polls_they_are_counted_in)
{
	struct plan *plan =
		plan_of(PLAIN(RUNNING) PLAIN(COMPLETE) PLAIN(PARSE) PLAIN(ENCODE) PLAIN(ROUTE),
			&full_kernel);

	cr_assert_null(plan->signals[SIGNAL_TOKIO_POLLS].way);
	cr_assert_null(plan->signals[SIGNAL_HTTP_REQUESTS].way);
	cr_assert_null(plan->signals[SIGNAL_HTTP_ROUTES].way);
	cr_assert_not_null(
		strstr(plan->signals[SIGNAL_HTTP_REQUESTS].reason, "transition_to_idle"));
	cr_assert_not(plan->hooks[HOOK_HTTP_PARSE].wanted);
	plan__free(plan);
}

Test(plan, an_expensive_entry_slides_and_the_plan_says_so)
{
	/* As rustc makes transition_to_idle: a frame, a load, a test, then the first cheap jump. */
	struct plan *plan = plan_of(
		PLAIN(RUNNING) PLAIN(COMPLETE)
			FUNCTION(IDLE, "sub $56, %rsp\nmov (%rdi), %rax\ntest $1, %al\nje 1f\n"
				       "add $56, %rsp\nret\n1: add $56, %rsp\nret"),
		&full_kernel);
	const struct plan_site *site = &plan->sites[plan->hooks[HOOK_POLL_IDLE].first_site];

	cr_assert_eq(site->code.cost, CODE_COST_EMULATED);
	cr_assert_eq(site->code.entry_cost, CODE_COST_SINGLE_STEP);
	cr_assert_eq(site->code.address - site->code.entry, 9);
	plan__free(plan);
}

Test(plan, kernels_that_lack_something_lose_just_that)
{
	struct plan_kernel kernel = full_kernel;
	struct plan *plan;

	kernel.rss_stat = 0;
	snprintf(kernel.why_not, sizeof(kernel.why_not), "mount tracefs");
	plan = plan_of(ALL_HOOKS, &kernel);
	cr_assert_null(plan->signals[SIGNAL_MEMORY_PEAK].way);
	cr_assert_str_eq(plan->signals[SIGNAL_MEMORY_PEAK].remedy, "mount tracefs");
	cr_assert_not_null(plan->signals[SIGNAL_HTTP_REQUESTS].way);
	plan__free(plan);

	kernel.uprobe = 0;
	plan = plan_of(ALL_HOOKS, &kernel);
	cr_assert_null(plan->signals[SIGNAL_HTTP_REQUESTS].way);
	cr_assert_not_null(plan->signals[SIGNAL_MEMORY].way);
	cr_assert_not_null(plan->signals[SIGNAL_TOKIO_WORKERS].way);
	plan__free(plan);
}

Test(plan, a_program_that_is_not_tokios_is_refused_with_a_reason)
{
	struct program program = program_of(PLAIN("main") PLAIN("other"));
	struct error error = {0};
	struct plan *plan = NULL;

	cr_assert_eq(plan__build(program.image, program.symbols, &full_kernel, &plan, &error),
		     -ENOEXEC);
	cr_assert_not_null(strstr(error.message, "no tokio program"), "%s", error.message);
	cr_assert_null(plan);
	program_done(&program);
}

static struct plan *plan_with_vtables(const char *blocking_schedule)
{
	char text[16384];

	snprintf(text, sizeof(text),
		 "%s%s%s"
		 ".section .data.rel.ro,\"aw\"\n.balign 8\n"
		 "first: .quad \"%s\", \"%s\", 0\n"
		 "second: .quad \"%s\", \"%s\", 0\n"
		 "lone: .quad \"%s\", 0\n",
		 ALL_HOOKS PLAIN(PANIC), PLAIN(SCHEDULE), blocking_schedule, POLL, SCHEDULE, POLL,
		 "_ZN5tokio7runtime4task3raw8schedule17hfedcba9876543210E", POLL);
	return plan_of(text, &full_kernel);
}

Test(plan_vtables, a_schedule_that_only_panics_marks_blocking_tasks)
{
	struct plan *plan = plan_with_vtables(
		FUNCTION("_ZN5tokio7runtime4task3raw8schedule17hfedcba9876543210E",
			 "push %rax\ncall \"" PANIC "\""));

	cr_assert_eq(plan->vtable_count, 2);
	cr_assert_eq(plan->vtables[0].kind, TASK_ASYNC);
	cr_assert_eq(plan->vtables[1].kind, TASK_BLOCKING);
	cr_assert_eq(plan->vtables[1].address - plan->vtables[0].address, 24);
	plan__free(plan);
}

/* As the compilers of real servers have it: through the global offset table. */
Test(plan_vtables, a_schedule_that_calls_blocking_schedule_marks_blocking_tasks)
{
#define BLOCKING                                                                             \
	"_ZN103_$LT$tokio..runtime..blocking..schedule..BlockingSchedule$u20$as$u20$tokio.." \
	"runtime..task..Schedule$GT$8schedule" HASH
	struct plan *plan = plan_with_vtables(PLAIN(BLOCKING) FUNCTION(
		"_ZN5tokio7runtime4task3raw8schedule17hfedcba9876543210E",
		"mov 16(%rdi), %rax\njmp *slot(%rip)") ".section "
						       ".data.rel.ro.local,\"aw\"\n.balign "
						       "8\nslot: .quad \"" BLOCKING "\"\n.text\n");

	cr_assert_eq(plan->vtable_count, 2);
	cr_assert_eq(plan->vtables[0].kind, TASK_ASYNC);
	cr_assert_eq(plan->vtables[1].kind, TASK_BLOCKING);
	plan__free(plan);
}

/* As compilers have it that merge functions of the same code. */
Test(plan_vtables, a_schedule_that_calls_a_mere_panic_marks_blocking_tasks)
{
#define MERGED "_ZN5tokio7runtime4task8Schedule9yield_now" HASH
	struct plan *plan = plan_with_vtables(
		FUNCTION(MERGED, "push %rax\ncall \"" PANIC "\"")
			FUNCTION("_ZN5tokio7runtime4task3raw8schedule17hfedcba9876543210E",
				 "push %rax\ncall \"" MERGED "\""));

	cr_assert_eq(plan->vtable_count, 2);
	cr_assert_eq(plan->vtables[0].kind, TASK_ASYNC);
	cr_assert_eq(plan->vtables[1].kind, TASK_BLOCKING);
	plan__free(plan);
}

Test(plan_vtables, pointers_to_poll_alone_make_no_vtable)
{
	struct plan *plan = plan_of(
		ALL_HOOKS ".section .data.rel.ro,\"aw\"\n.balign 8\nlone: .quad \"" POLL "\", 0\n",
		&full_kernel);

	cr_assert_eq(plan->vtable_count, 0);
	plan__free(plan);
}

Test(plan_print, json_is_valid_and_tells_the_same_as_the_plan)
{
	struct plan *plan = plan_of(ALL_HOOKS, &full_kernel);
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	plan__print_json(plan, stream);
	fclose(stream);

	json_t *root = json_loads(text, 0, NULL);

	cr_assert_not_null(root, "%s", text);
	cr_assert_eq(json_integer_value(json_object_get(root, "available")),
		     (json_int_t)plan__available(plan));
	cr_assert_eq(json_array_size(json_object_get(root, "signals")), SIGNAL_COUNT);
	json_decref(root);
	free(text);
	plan__free(plan);
}

Test(plan_print, text_names_every_signal)
{
	struct plan *plan = plan_of(ALL_HOOKS, &full_kernel);
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	plan__print_text(plan, stream);
	fclose(stream);
	for (int signal = 0; signal < SIGNAL_COUNT; signal++)
		cr_assert_not_null(strstr(text, catalogue_signals[signal].gives));
	free(text);
	plan__free(plan);
}
