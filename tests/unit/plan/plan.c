// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>

#include "base/array.h"
#include "server.h"

#define TASK_STATES PLAIN(RUNNING) PLAIN(IDLE) PLAIN(COMPLETE)
#define ALL_HOOKS \
	TASK_STATES PLAIN(PARSE) PLAIN(ENCODE) PLAIN(ROUTE) PLAIN(HTTP2) PLAIN(POLL) PLAIN(WORKER)

Test(plan, a_server_with_every_function_gives_every_instrumentation_by_its_first_strategy)
{
	/* hooks of strategies of a lower rank only */
	static const enum hook others[] = {
		HOOK_RAW_POLL,	    HOOK_RAW_POLL_RETURN, HOOK_SCHEDULE_LOCAL, HOOK_SCHEDULE_REMOTE,
		HOOK_TEXT_IN,	    HOOK_FRAGMENTS_IN,	  HOOK_OAUTH_SAMPLE,   HOOK_OAUTH_CLEANUP,
		HOOK_OAUTH_CLEANED, HOOK_HTTP_ROUTE,
	};
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);

	for (size_t w = 0; w < catalogue_strategy_count; w++) {
		const struct catalogue_strategy *strategy = &catalogue_strategies[w];

		if (w == 0 || strategy->id != catalogue_strategies[w - 1].id)
			expect_strategy(plan, strategy->id, strategy->name);
	}
	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		bool is_other = false;

		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			is_other |= (int)others[i] == hook;
		expect_wanted(plan, (enum hook)hook, !is_other);
	}
	plan__free(plan);
}

Test(plan, the_sites_of_each_hook_follow_one_another)
{
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);
	size_t next = 0;

	for (int i = 0; i < HOOK_COUNT; i++) {
		const struct plan_hook *hook = &plan->hooks[i];

		cr_expect_eq(hook->first_site, next, "%s", wire_hook_name(i));
		if (catalogue_hook__is_tracepoint((enum hook)i)) {
			cr_expect_eq(hook->site_count, 0);
			cr_expect_null(hook->function);
		} else {
			cr_expect_geq(hook->site_count, 1, "%s", wire_hook_name(i));
			cr_expect_str_eq(hook->function, catalogue_hooks[i].functions[0].path);
		}
		for (size_t s = 0; s < hook->site_count; s++)
			cr_expect_eq(site_of(plan, (enum hook)i, s)->hook, i);
		next += hook->site_count;
	}
	cr_expect_eq(plan->site_count, next);
	plan__free(plan);
}

Test(plan, a_program_that_is_no_scotty_has_a_reason_for_each_instrumentation)
{
	struct plan *plan = plan_of(ALL_HOOKS, &full_kernel);

	EXPECT_ALL_BUT(plan, INSTR_WEBSOCKETS, INSTR_SHELL_SESSIONS, INSTR_LOG_STREAMS,
		       INSTR_COMPOSE_TASKS, INSTR_APPLICATIONS, INSTR_APP_STATUSES,
		       INSTR_TOKIO_SCHEDULING, INSTR_OAUTH_FLOWS, INSTR_OAUTH_SESSIONS,
		       INSTR_RATE_LIMITS);
	for (int id = 0; id < INSTR_COUNT; id++) {
		if (plan->instrumentations[id].strategy)
			continue;
		cr_expect(strstr(plan->instrumentations[id].reason, "not in the executable: ") ||
				  strstr(plan->instrumentations[id].reason,
					 "no task type of the executable has the role "),
			  "%s: %s", catalogue_instrumentations[id].name,
			  plan->instrumentations[id].reason);
		cr_expect_neq(plan->instrumentations[id].remedy[0], '\0');
	}
	plan__free(plan);
}

/* The longest text there can be is that of the longest path. */
Test(plan, reasons_are_whole)
{
	struct plan *plan = plan_of(TASK_STATES PLAIN(POLL), &full_kernel);

	for (int id = 0; id < INSTR_COUNT; id++)
		cr_expect_lt(strlen(plan->instrumentations[id].reason),
			     sizeof(plan->instrumentations[id].reason) - 1);
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		const struct plan_hook *planned = &plan->hooks[hook];

		if (planned->function)
			cr_expect_lt(strlen("not in the executable: ") + strlen(planned->function),
				     sizeof(plan->instrumentations[0].reason) - 1, "%s",
				     planned->function);
	}
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

Test(plan, a_missing_function_costs_its_instrumentations_and_no_others)
{
	struct plan *plan =
		plan_of(TASK_STATES PLAIN(PARSE) PLAIN(ENCODE) PLAIN(POLL), &full_kernel);

	cr_assert_not_null(plan__has(plan, INSTR_HTTP_REQUESTS));
	cr_assert_null(plan__has(plan, INSTR_HTTP_ROUTES));
	cr_assert_not_null(strstr(plan->instrumentations[INSTR_HTTP_ROUTES].reason,
				  "set_matched_path_for_request"));
	cr_assert_neq(plan->instrumentations[INSTR_HTTP_ROUTES].remedy[0], '\0');
	cr_assert_not(plan->hooks[HOOK_HTTP_MATCH].wanted);
	cr_assert_not(plan->hooks[HOOK_HTTP_ROUTE].wanted);
	/* An optional hook is not missed. */
	cr_assert_not(plan->hooks[HOOK_HTTP2_STREAM].wanted);
	/* Without the worker loop, tokio's own counters tell the workers. */
	cr_assert_str_eq(plan->instrumentations[INSTR_TOKIO_WORKERS].strategy->name,
			 "tokio's own counters in the server's memory");
	cr_assert_not_null(plan__has(plan, INSTR_TOKIO_POLLS));
	plan__free(plan);
}

Test(plan, requests_cannot_be_had_without_the_polls_they_are_counted_in)
{
	struct plan *plan =
		plan_of(PLAIN(RUNNING) PLAIN(COMPLETE) PLAIN(PARSE) PLAIN(ENCODE) PLAIN(ROUTE),
			&full_kernel);

	cr_assert_null(plan__has(plan, INSTR_TOKIO_POLLS));
	cr_assert_null(plan__has(plan, INSTR_HTTP_REQUESTS));
	cr_assert_null(plan__has(plan, INSTR_HTTP_ROUTES));
	cr_assert_not_null(
		strstr(plan->instrumentations[INSTR_HTTP_REQUESTS].reason, "transition_to_idle"));
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
	static const struct {
		size_t offset; /* of what they lack */
		enum instrumentation_id id;
		const char *reason;
	} lacks[] = {
		{offsetof(struct plan_kernel, rss_stat), INSTR_MEMORY_PEAK,
		 "the kernel has no tracepoint kmem:rss_stat"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lacks); i++) {
		struct plan_kernel kernel = full_kernel;
		struct plan *plan;

		memset((char *)&kernel + lacks[i].offset, 0, sizeof(bool));
		plan = plan_of_server(&(struct server){0}, &kernel);
		EXPECT_ALL_BUT(plan, lacks[i].id);
		expect_missing(plan, lacks[i].id, lacks[i].reason);
		plan__free(plan);
	}
}

Test(plan, a_tracepoint_that_the_kernel_lacks_is_not_hooked)
{
	struct plan_kernel kernel = full_kernel;
	struct plan *plan;

	kernel.rss_stat = false;
	plan = plan_of_server(&(struct server){0}, &kernel);
	expect_wanted(plan, HOOK_RSS_STAT, false);
	cr_expect(strstr(plan->instrumentations[INSTR_MEMORY_PEAK].remedy, "kmem:rss_stat"));
	plan__free(plan);
}

Test(plan, an_unreadable_tracefs_is_no_lack_of_the_kernel)
{
	static const struct {
		enum plan_tracefs tracefs;
		const char *reason;
		const char *remedy;
	} cases[] = {
		{TRACEFS_DENIED, "tracefs may not be read by this user", "CAP_DAC_READ_SEARCH"},
		{TRACEFS_ABSENT, "tracefs is not mounted, and may not be mounted by this process",
		 "mount -t tracefs"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_kernel kernel = full_kernel;
		struct plan *plan;

		kernel.rss_stat = false;
		kernel.tracefs = cases[i].tracefs;
		plan = plan_of_server(&(struct server){0}, &kernel);
		EXPECT_ALL_BUT(plan, INSTR_MEMORY_PEAK);
		expect_missing(plan, INSTR_MEMORY_PEAK, cases[i].reason);
		cr_expect(
			strstr(plan->instrumentations[INSTR_MEMORY_PEAK].remedy, cases[i].remedy));
		plan__free(plan);
	}
}

Test(plan, without_uprobes_there_is_what_proc_and_tracepoints_tell)
{
	struct plan_kernel kernel = full_kernel;
	struct plan *plan;

	kernel.uprobe = false;
	plan = plan_of_server(&(struct server){0}, &kernel);
	for (int id = 0; id < INSTR_COUNT; id++) {
		if (id == INSTR_MEMORY || id == INSTR_MEMORY_PEAK || id == INSTR_TOKIO_WORKERS)
			cr_expect_not_null(plan->instrumentations[id].strategy);
		else
			expect_missing(plan, (enum instrumentation_id)id,
				       "the kernel has no uprobes");
	}
	for (int hook = 0; hook < HOOK_COUNT; hook++)
		expect_wanted(plan, (enum hook)hook, hook == HOOK_RSS_STAT);
	plan__free(plan);
}

Test(plan, under_lockdown_the_mode_is_the_reason)
{
	struct plan_kernel kernel = {.locked_down = true, .why_code = -EPERM};
	struct plan *plan = plan_of_server(&(struct server){0}, &kernel);

	for (int id = 0; id < INSTR_COUNT; id++) {
		if (id == INSTR_MEMORY || id == INSTR_TOKIO_WORKERS)
			cr_expect_not_null(plan->instrumentations[id].strategy);
		else
			expect_missing(plan, (enum instrumentation_id)id,
				       "the kernel's lockdown=confidentiality forbids probes");
	}
	cr_assert_not(plan__has_sites(plan));
	plan__free(plan);
}

Test(plan, what_is_not_permitted_is_not_called_absent)
{
	struct plan_kernel kernel = full_kernel;
	struct plan *plan;

	kernel.uprobe = false;
	kernel.why_code = -EPERM;
	plan = plan_of_server(&(struct server){0}, &kernel);
	expect_missing(plan, INSTR_HTTP_REQUESTS, "uprobes are not permitted");
	plan__free(plan);
}

Test(plan, programs_that_the_kernel_refuses_are_missing)
{
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);

	cr_assert(plan__has_sites(plan));
	plan__withdraw(plan, -ENOMEM, "not enough memory");
	cr_assert_not(plan__has_sites(plan));
	cr_assert_eq(plan->kernel.why_code, -ENOMEM);
	cr_assert_str_eq(plan->kernel.why_not, "not enough memory");
	expect_missing(plan, INSTR_HTTP_REQUESTS, "the kernel does not load the programs");
	/* What comes from /proc needs no program. */
	cr_assert_not_null(plan->instrumentations[INSTR_MEMORY].strategy);
	plan__free(plan);
}

Test(plan, a_program_that_is_not_tokios_is_refused_with_a_reason)
{
	struct program program = program_of(PLAIN("main") PLAIN("other"));
	struct error error = {0};
	struct plan *plan = NULL;

	cr_assert_eq(plan__build(program.image, program.symbols, &full_kernel, LEVEL_FULL, &plan,
				 &error),
		     -ENOEXEC);
	cr_assert_not_null(strstr(error.message, "no tokio program"), "%s", error.message);
	cr_assert_null(plan);
	program_done(&program);
}
