// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdbool.h>

#include "base/array.h"
#include "server.h"

/* Hooks at the exits of functions, and those that are in several functions. */

#define APP_NEW_OLD "scotty_core::apps::app_data::AppData::new"

#define CLEANUP_DEVICE "scotty::oauth::cleanup::cleanup_device_flow_sessions"
#define CLEANUP_WEB    "scotty::oauth::cleanup::cleanup_web_flow_sessions"
#define CLEANUP_OAUTH  "scotty::oauth::cleanup::cleanup_oauth_sessions"

/* Two ways out, each with its register restored. */
#define TWO_EXITS "push %rbx\ntest %edi, %edi\nje 1f\npop %rbx\nret\n1: pop %rbx\nret"
/* The second way out is another function's. */
#define TAIL_CALL "push %rbx\ntest %edi, %edi\nje 1f\npop %rbx\nret\n1: pop %rbx\njmp \"" PANIC "\""

Test(plan_exits, every_exit_is_a_site)
{
	struct plan *plan =
		plan_of_server(&(struct server){.more = {{APP_DATA_NEW, TWO_EXITS}}}, &full_kernel);
	const struct plan_site *first = site_of(plan, HOOK_APP_NEW, 0);
	const struct plan_site *second = site_of(plan, HOOK_APP_NEW, 1);

	cr_expect_eq(plan->hooks[HOOK_APP_NEW].found, 1);
	cr_expect_eq(plan->hooks[HOOK_APP_NEW].site_count, 2);
	cr_expect_eq(first->code.address - first->code.entry, 5);
	cr_expect_eq(second->code.address - second->code.entry, 7);
	cr_expect_eq(second->file_offset - first->file_offset, 2);
	cr_expect_str_eq(second->code.instruction, "pop rbx");
	plan__free(plan);
}

Test(plan_exits, a_function_of_uncertain_exits_is_not_hooked)
{
	struct plan *plan =
		plan_of_server(&(struct server){.more = {{APP_DATA_NEW, TAIL_CALL}}}, &full_kernel);

	cr_expect_eq(plan->hooks[HOOK_APP_NEW].site_count, 0);
	EXPECT_ALL_BUT(plan, INSTR_APPLICATIONS, INSTR_APP_STATUSES);
	expect_missing(plan, INSTR_APPLICATIONS, "inlined, or cannot be probed: " APP_DATA_NEW);
	expect_missing(plan, INSTR_APP_STATUSES, "inlined, or cannot be probed: " APP_DATA_NEW);
	expect_wanted(plan, HOOK_APP_CHECK, false);
	expect_wanted(plan, HOOK_APP_REMOVED, false);
	plan__free(plan);
}

/* Where the recorder's functions for sessions are not, and the maps are looked at. */
static struct plan *plan_of_cleanups(const char *device, const char *web, const char *oauth)
{
	struct server server = {
		WITHOUT(HOOK_OAUTH_DEVICE_SESSIONS, HOOK_OAUTH_CLEANUP, HOOK_OAUTH_CLEANED),
	};
	const struct function all[] = {
		{CLEANUP_DEVICE, device}, {CLEANUP_WEB, web}, {CLEANUP_OAUTH, oauth}};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].body)
			server.more[count++] = all[i];
	}
	return plan_of_server(&server, &full_kernel);
}

Test(plan_exits, some_hooks_are_in_all_of_their_functions)
{
	struct plan *plan = plan_of_cleanups(CHEAP, TWO_EXITS, CHEAP);
	uint64_t entries[3];

	cr_expect_eq(plan->hooks[HOOK_OAUTH_CLEANUP].found, 3);
	cr_expect_eq(plan->hooks[HOOK_OAUTH_CLEANUP].site_count, 3);
	cr_expect_eq(plan->hooks[HOOK_OAUTH_CLEANED].found, 3);
	cr_expect_eq(plan->hooks[HOOK_OAUTH_CLEANED].site_count, 4);
	for (size_t i = 0; i < 3; i++) {
		entries[i] = site_of(plan, HOOK_OAUTH_CLEANUP, i)->code.entry;
		for (size_t other = 0; other < i; other++)
			cr_expect_neq(entries[i], entries[other]);
	}
	cr_expect_eq(site_of(plan, HOOK_OAUTH_CLEANED, 0)->code.entry, entries[0]);
	cr_expect_eq(site_of(plan, HOOK_OAUTH_CLEANED, 1)->code.entry, entries[1]);
	cr_expect_eq(site_of(plan, HOOK_OAUTH_CLEANED, 2)->code.entry, entries[1]);
	cr_expect_eq(site_of(plan, HOOK_OAUTH_CLEANED, 3)->code.entry, entries[2]);
	plan__free(plan);
}

Test(plan_exits, of_all_functions_those_that_are_there_will_do)
{
	struct plan *plan = plan_of_cleanups(NULL, NULL, CHEAP);

	cr_expect_eq(plan->hooks[HOOK_OAUTH_CLEANUP].site_count, 1);
	cr_expect_eq(plan->hooks[HOOK_OAUTH_CLEANED].site_count, 1);
	cr_expect_str_eq(plan->hooks[HOOK_OAUTH_CLEANED].function, CLEANUP_OAUTH);
	cr_expect_not_null(plan__has(plan, INSTR_OAUTH_SESSIONS));
	plan__free(plan);

	plan = plan_of_cleanups(CHEAP, NULL, NULL);
	cr_expect_eq(plan->hooks[HOOK_OAUTH_CLEANUP].site_count, 1);
	cr_expect_str_eq(plan->hooks[HOOK_OAUTH_CLEANED].function, CLEANUP_DEVICE);
	plan__free(plan);

	plan = plan_of_cleanups(NULL, NULL, NULL);
	cr_expect_null(plan__has(plan, INSTR_OAUTH_SESSIONS));
	cr_expect_str_eq(plan->hooks[HOOK_OAUTH_CLEANED].function, CLEANUP_DEVICE);
	plan__free(plan);
}

Test(plan_exits, of_all_functions_those_that_something_refers_to_are_hooked)
{
	struct server server = {
		WITHOUT(HOOK_OAUTH_DEVICE_SESSIONS, HOOK_OAUTH_CLEANUP, HOOK_OAUTH_CLEANED),
		.more = {{CLEANUP_DEVICE, CHEAP}, {CLEANUP_OAUTH, TWO_EXITS}},
		.unused = {CLEANUP_WEB, TWO_EXITS},
	};
	struct plan *plan = plan_of_server(&server, &full_kernel);

	cr_expect_eq(plan->hooks[HOOK_OAUTH_CLEANUP].found, 3);
	cr_expect_eq(plan->hooks[HOOK_OAUTH_CLEANUP].site_count, 2);
	cr_expect_eq(plan->hooks[HOOK_OAUTH_CLEANED].site_count, 3);
	plan__free(plan);
}

/* AppData::new with one byte stored, two, or none. */
static void expect_offset(const struct function more[2], bool without_first, uint32_t offset)
{
	struct server server = {
		.more = {more[0], more[1]},
		.without = {HOOK_APP_NEW},
		.without_count = without_first,
	};
	struct plan *plan = plan_of_server(&server, &full_kernel);

	cr_expect_eq(plan->app_status_offset, offset, "%u is not %u", plan->app_status_offset,
		     offset);
	cr_expect_not_null(plan__has(plan, INSTR_APPLICATIONS));
	if (offset)
		cr_expect_not_null(plan__has(plan, INSTR_APP_STATUSES));
	else
		expect_missing(plan, INSTR_APP_STATUSES,
			       "the code of AppData::new does not show the place of the status");
	plan__free(plan);
}

Test(plan_exits, the_constructor_tells_where_the_status_is)
{
	static const struct function one[2] = {
		{APP_DATA_NEW, "push %rbx\nmov %rdi, %rbx\nmov %al, 464(%rbx)\npop %rbx\nret"}};
	static const struct function two[2] = {
		{APP_DATA_NEW, "push %rbx\nmov %al, 464(%rdi)\nmovb $1, 8(%rdi)\npop %rbx\nret"}};
	static const struct function none[2] = {{APP_DATA_NEW, CHEAP}};
	static const struct function old[2] = {
		{APP_NEW_OLD, "push %rbx\nmov %al, 96(%rdi)\npop %rbx\nret"}};
	/* Its namesake is not hooked, so its layout does not matter. */
	static const struct function both[2] = {
		{APP_DATA_NEW, "push %rbx\nmov %al, 464(%rdi)\npop %rbx\nret"},
		{APP_NEW_OLD, "push %rbx\nmov %al, 96(%rdi)\npop %rbx\nret"}};

	expect_offset(one, false, 464);
	expect_offset(two, false, 0);
	expect_offset(none, false, 0);
	expect_offset(old, true, 96);
	expect_offset(both, false, 464);
}

#define OTHER_COPY "_ZN11scotty_core4apps8app_data4data7AppData3new17hfedcba9876543210E"

Test(plan_exits, a_copy_of_the_constructor_that_does_not_tell_does_not_matter)
{
	struct tasks tasks;
	struct plan *plan;

	tasks_start(&tasks);
	add_path(&tasks, APP_DATA_NEW, "push %rbx\nmov %al, 464(%rdi)\npop %rbx\nret");
	add_function(&tasks, OTHER_COPY, CHEAP);
	plan = plan_of_tasks(&tasks, &full_kernel);
	cr_expect_eq(plan->hooks[HOOK_APP_NEW].found, 2);
	cr_expect_eq(plan->hooks[HOOK_APP_NEW].site_count, 2);
	cr_expect_eq(plan->app_status_offset, 464);
	plan__free(plan);
}
