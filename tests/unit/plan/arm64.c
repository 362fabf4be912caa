// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Plans of executables of 64-bit Arm. */

#include "server.h"

#define HYPER_PARSE "<hyper::proto::h1::role::Server as hyper::proto::h1::Http1Transaction>::parse"
#define TAKE_RESULT "stp x8, x30, [sp, #-16]!\n"
#define LEAVE	    "ldp x29, x30, [sp], #16\nret"

static void use_arm64(void)
{
	program_is_arm64 = true;
	if (system("aarch64-linux-gnu-as --version >/dev/null") != 0)
		cr_skip_test("aarch64-linux-gnu-as is missing");
}

TestSuite(plan_arm64, .init = use_arm64);

Test(plan_arm64, the_same_ways_as_on_x86_64)
{
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel), *x86_64;

	program_is_arm64 = false;
	x86_64 = plan_of_server(&(struct server){0}, &full_kernel);
	for (int i = 0; i < INSTR_COUNT; i++)
		cr_expect_eq(plan->instrumentations[i].strategy,
			     x86_64->instrumentations[i].strategy, "%s",
			     catalogue_instrumentations[i].name);
	for (int i = 0; i < HOOK_COUNT; i++) {
		cr_expect_eq(plan->hooks[i].wanted, x86_64->hooks[i].wanted, "%s",
			     wire_hook_name(i));
		cr_expect_eq(plan->hooks[i].site_count, x86_64->hooks[i].site_count, "%s",
			     wire_hook_name(i));
	}
	cr_expect_eq(plan->tokio.vtable_count, x86_64->tokio.vtable_count);
	cr_expect_eq(plan->tokio.task_type_count, x86_64->tokio.task_type_count);
	plan__free(plan);
	plan__free(x86_64);
}

Test(plan_arm64, sites_are_cheap_and_leave_arguments_alone)
{
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);
	const struct plan_site *site = site_of(plan, HOOK_HTTP_PARSE, 0);

	cr_expect_eq(site->code.address - site->code.entry, 4);
	cr_expect_eq(site->code.cost, CODE_COST_EMULATED);
	cr_expect_eq(strncmp(site->code.instruction, "tbz ", 4), 0, "%s", site->code.instruction);
	plan__free(plan);
}

/* Where x0 is hyper's buffer and x1 what x86-64 has it in. */
Test(plan_arm64, arguments_begin_at_x0_behind_the_address_of_a_result)
{
	struct plan *plan = plan_of_server(
		&(struct server){.more = {{HYPER_PARSE, TAKE_RESULT "orr x0, xzr, x2\n"
								    "cbz x9, . + 4\n" LEAVE}}},
		&full_kernel);

	cr_expect_eq(site_of(plan, HOOK_HTTP_PARSE, 0)->code.address,
		     site_of(plan, HOOK_HTTP_PARSE, 0)->code.entry);
	plan__free(plan);
	plan = plan_of_server(
		&(struct server){.more = {{HYPER_PARSE, TAKE_RESULT "orr x1, xzr, x2\n"
								    "cbz x9, . + 4\n" LEAVE}}},
		&full_kernel);
	cr_expect_eq(site_of(plan, HOOK_HTTP_PARSE, 0)->code.address,
		     site_of(plan, HOOK_HTTP_PARSE, 0)->code.entry + 8);
	plan__free(plan);
}

/* Then its arguments are not where they would be read. */
Test(plan_arm64, a_function_that_takes_the_address_of_its_result_otherwise_is_not_hooked)
{
	struct plan *plan = plan_of_server(
		&(struct server){.more = {{HYPER_PARSE, "stp x0, x30, [sp, #-16]!\n" LEAVE}}},
		&full_kernel);

	expect_missing(plan, INSTR_HTTP_REQUESTS, "inlined, or cannot be probed: " HYPER_PARSE);
	plan__free(plan);
}

Test(plan_arm64, returns_are_hooked_where_the_call_left_the_stack)
{
	struct tasks tasks;
	struct plan *plan;

	tasks_start(&tasks);
	tasks.poll = "sub sp, sp, #16\ncbz x9, . + 4\nadd sp, sp, #16\nret";
	add_legacy_task(&tasks, SCHEDULE, CHEAP);
	plan = plan_of_tasks(&tasks, &full_kernel);
	cr_expect_eq(site_of(plan, HOOK_RAW_POLL, 0)->code.address,
		     site_of(plan, HOOK_RAW_POLL, 0)->code.entry);
	plan__free(plan);
}

Test(plan_arm64, the_result_of_app_data_new)
{
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);
	const struct plan_site *site = site_of(plan, HOOK_APP_NEW, 0);

	cr_expect_eq(plan->app_status_offset, APP_DATA_STATUS);
	cr_expect_eq(plan->app_result_register, 19);
	cr_expect_eq(site->code.address - site->code.entry, 12);
	plan__free(plan);

	plan = plan_of_server(&(struct server){.more = {{APP_DATA_NEW, TAKE_RESULT
							 "strb w1, [x8, #160]\n" LEAVE}}},
			      &full_kernel);
	expect_missing(plan, INSTR_APPLICATIONS, "inlined, or cannot be probed: " APP_DATA_NEW);
	plan__free(plan);
}

/* One program has one register to read it from. */
Test(plan_arm64, results_of_copies_in_different_registers_cannot_be_read)
{
	struct plan *plan = plan_of_server(
		&(struct server){.more = {{APP_DATA_NEW, ARM64_APP_DATA_BODY("19")},
					  {"scotty_core::apps::app_data::data::AppData<u8>::new",
					   ARM64_APP_DATA_BODY("20")}}},
		&full_kernel);

	cr_expect_eq(plan->hooks[HOOK_APP_NEW].found, 2);
	cr_expect_eq(plan->hooks[HOOK_APP_NEW].site_count, 0);
	expect_missing(plan, INSTR_APPLICATIONS, "inlined, or cannot be probed: " APP_DATA_NEW);
	plan__free(plan);
}
