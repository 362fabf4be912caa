// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/call_coverage.h"

#include <criterion/criterion.h>

#include "base/array.h"
#include "unit/plan/server.h"

#define HARNESS	     "tokio::runtime::task::harness::Harness::"
#define CALL(name)   "call \"" name "\"\n"
#define CALLER(name) "push %rbx\n" CALL(name) "pop %rbx\nret"

/* Which path's callers the tests count. */
#define WANTED STATE "transition_to_idle"

static void start(struct tasks *tasks)
{
	tasks_start(tasks);
	fputs(PLAIN(RUNNING) PLAIN(IDLE) PLAIN(COMPLETE), tasks->stream);
}

static void add_task(struct tasks *tasks, const char *poll)
{
	tasks->poll = poll;
	add_legacy_task(tasks, SCHEDULE, CHEAP);
}

/* How many percent of the program's polls call the function at `path`. Gives `tasks` back. */
static unsigned int percent(struct tasks *tasks, const char *path)
{
	struct tokio tokio = {0};
	struct error error = {0};
	unsigned int result;

	fclose(tasks->stream);

	struct program program = program_of(tasks->text);
	struct elf_executable executable = {.image = program.image, .symbols = program.symbols};

	cr_assert_eq(elf_pointers__load(program.image, &executable.pointers), 0);
	cr_assert_eq(tokio_find_vtables(&tokio, &executable, &error), 0, "%s", error.message);
	result = tokio_percent_of_polls(&tokio, &executable, path);
	tokio__done(&tokio);
	elf_executable__done(&executable);
	program_done(&program);
	free(tasks->text);
	return result;
}

Test(tokio_call_coverage, where_no_task_is_known_nothing_speaks_against_it)
{
	struct tasks tasks;

	start(&tasks);
	cr_expect_eq(percent(&tasks, WANTED), 100);
}

Test(tokio_call_coverage, callers_are_counted)
{
	struct tasks tasks;

	start(&tasks);
	add_task(&tasks, CALLER(IDLE));
	add_task(&tasks, CALLER(COMPLETE));
	add_task(&tasks, CALL(RUNNING) "jmp \"" IDLE "\"");
	cr_expect_eq(percent(&tasks, WANTED), 66);

	start(&tasks);
	add_task(&tasks, CALLER(COMPLETE));
	cr_expect_eq(percent(&tasks, WANTED), 0);

	start(&tasks);
	add_task(&tasks, CALLER(IDLE));
	add_task(&tasks, CALLER(IDLE));
	cr_expect_eq(percent(&tasks, WANTED), 100);
}

Test(tokio_call_coverage, blocking_tasks_do_not_count)
{
	struct tasks tasks;

	start(&tasks);
	add_task(&tasks, CALLER(IDLE));
	tasks.poll = CALLER(COMPLETE);
	add_legacy_task(&tasks, SCHEDULE_BLOCKING, CHEAP);
	cr_expect_eq(percent(&tasks, WANTED), 100);
}

/* As it is where less is inlined, and where the next crate's functions are called through slots. */
Test(tokio_call_coverage, calls_are_followed_through_tokios_tasks)
{
	struct tasks tasks;
	char inner[256], body[600];

	start(&tasks);
	legacy_name(HARNESS "poll_inner", inner, sizeof(inner));
	add_path(&tasks,

		 HARNESS "poll_inner",
		 "call *slot(%rip)\nret\n.section .data.rel.ro.local,\"aw\"\n.balign 8\n"
		 "slot: .quad \"" IDLE "\"\n.text\n");
	snprintf(body, sizeof(body), CALL(RUNNING) "jmp \"%s\"", inner);
	add_task(&tasks, body);
	cr_expect_eq(percent(&tasks, WANTED), 100);
}

/* A future's own poll, say, which may well poll another task's. */
Test(tokio_call_coverage, calls_are_not_followed_through_others)
{
	static const char *const others[] = {"a::run::{{closure}}", "a::runtime::task::run"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct tasks tasks;
		char other[256], body[600];

		start(&tasks);
		legacy_name(others[i], other, sizeof(other));
		add_path(&tasks, others[i], CALLER(IDLE));
		snprintf(body, sizeof(body), CALL("%s") "ret", other);
		add_task(&tasks, body);
		cr_expect_eq(percent(&tasks, WANTED), 0, "%s", others[i]);
	}
}

Test(tokio_call_coverage, any_name_of_merged_functions_will_do)
{
	struct tasks tasks;
	char merged[256];

	start(&tasks);
	legacy_name("core::ops::function::FnOnce::call_once", merged, sizeof(merged));
	add_function(&tasks, merged, CHEAP);
	add_alias(&tasks, "_ZN5tokio7runtime4task5state5State10unset_join" HASH, merged);
	add_task(&tasks, CALLER("_ZN5tokio7runtime4task5state5State10unset_join" HASH));
	cr_expect_eq(percent(&tasks, STATE "unset_join"), 100);
}

/* Frames that call one another, and more of them than tokio has. */
static unsigned int percent_behind(unsigned int frames)
{
	struct tasks tasks;
	char name[256] = IDLE, body[900];

	start(&tasks);
	for (unsigned int i = 0; i < frames; i++) {
		char path[64];

		snprintf(body, sizeof(body), CALL("%s") CALL(RUNNING) "ret", name);
		snprintf(path, sizeof(path), HARNESS "frame_%u", i);
		legacy_name(path, name, sizeof(name));
		add_function(&tasks, name, body);
	}
	snprintf(body, sizeof(body), CALL("%s") "ret", name);
	add_task(&tasks, body);
	return percent(&tasks, WANTED);
}

Test(tokio_call_coverage, chains_of_calls_are_followed_to_a_depth)
{
	cr_expect_eq(percent_behind(5), 100);
	cr_expect_eq(percent_behind(6), 0);
}

Test(tokio_call_coverage, circles_of_calls_end)
{
	struct tasks tasks;
	char circle[256], behind[256], body[1100];

	start(&tasks);
	legacy_name(HARNESS "circle", circle, sizeof(circle));
	legacy_name(HARNESS "behind", behind, sizeof(behind));
	snprintf(body, sizeof(body), CALL("%s") CALL("%s") CALL("%s") CALL("%s") "ret", circle,
		 circle, circle, circle);
	add_function(&tasks, circle, body);
	add_path(&tasks, HARNESS "behind", CALLER(IDLE));
	snprintf(body, sizeof(body), CALL("%s") CALL("%s") "ret", circle, behind);
	add_task(&tasks, body);
	cr_expect_eq(percent(&tasks, WANTED), 100);
}

/* A poll that calls so many functions of tokio's tasks, of which the last calls the one wanted. */
static unsigned int percent_after(unsigned int count)
{
	struct tasks tasks;
	char *poll = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&poll, &size);
	unsigned int result;

	start(&tasks);
	for (unsigned int i = 0; i < count; i++) {
		char path[64], name[256];

		snprintf(path, sizeof(path), HARNESS "frame_%u", i);
		legacy_name(path, name, sizeof(name));
		add_function(&tasks, name, i + 1 == count ? CALLER(IDLE) : CHEAP);
		fprintf(stream, CALL("%s"), name);
	}
	fputs("ret", stream);
	fclose(stream);
	add_task(&tasks, poll);
	result = percent(&tasks, WANTED);
	free(poll);
	return result;
}

/* What is behind them counts as not called: then a poll is got by other means. */
Test(tokio_call_coverage, so_many_functions_are_gone_through)
{
	cr_expect_eq(percent_after(127), 100);
	cr_expect_eq(percent_after(128), 0);
}

/* A server with that many tasks whose polls call all of the state's functions, and that many whose
 * polls have `inlined` inlined. */
static struct plan *plan_of_polls(unsigned int whole, unsigned int less, const char *inlined)
{
	static const char *const states[] = {RUNNING, IDLE, COMPLETE};
	struct tasks tasks;
	char all[1024] = "push %rbx\n", others[1024] = "push %rbx\n";

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		char call[256];

		snprintf(call, sizeof(call), CALL("%s"), states[i]);
		strcat(all, call);
		if (strcmp(states[i], inlined) != 0)
			strcat(others, call);
	}
	strcat(all, "pop %rbx\nret");
	strcat(others, "pop %rbx\nret");
	start(&tasks);
	for (unsigned int i = 0; i < whole; i++)
		add_task(&tasks, all);
	for (unsigned int i = 0; i < less; i++)
		add_task(&tasks, others);
	add_path(&tasks, HARNESS "complete", CHEAP);
	return plan_of_tasks(&tasks, &full_kernel);
}

#define BY_STATES   "tokio's state transitions"
#define BY_RAW_POLL "calls and returns of tasks' poll functions"

Test(tokio_call_coverage, the_start_of_a_poll_must_be_in_all_of_them)
{
	struct plan *plan = plan_of_polls(9, 0, RUNNING);

	expect_strategy(plan, INSTR_TOKIO_POLLS, BY_STATES);
	plan__free(plan);

	plan = plan_of_polls(9, 1, RUNNING);
	cr_expect_eq(plan->hooks[HOOK_POLL_START].site_count, 0);
	expect_strategy(plan, INSTR_TOKIO_POLLS, BY_RAW_POLL);
	plan__free(plan);
}

Test(tokio_call_coverage, the_end_of_a_poll_may_be_missing_in_a_quarter_of_them)
{
	struct plan *plan = plan_of_polls(3, 1, IDLE);

	expect_strategy(plan, INSTR_TOKIO_POLLS, BY_STATES);
	plan__free(plan);

	plan = plan_of_polls(5, 2, IDLE);
	expect_strategy(plan, INSTR_TOKIO_POLLS, BY_RAW_POLL);
	plan__free(plan);
}

Test(tokio_call_coverage, where_some_complete_by_themselves_the_harness_tells)
{
	struct plan *plan = plan_of_polls(1, 1, COMPLETE);

	expect_strategy(plan, INSTR_TOKIO_POLLS, BY_STATES);
	cr_expect_str_eq(plan->hooks[HOOK_TASK_COMPLETE].function, HARNESS "complete");
	cr_expect_eq(plan->hooks[HOOK_TASK_COMPLETE].site_count, 1);
	plan__free(plan);

	plan = plan_of_polls(2, 0, COMPLETE);
	cr_expect_str_eq(plan->hooks[HOOK_TASK_COMPLETE].function, STATE "transition_to_complete");
	plan__free(plan);
}

Test(tokio_call_coverage, what_is_inlined_in_part_is_not_said_to_be_missing)
{
	struct tasks tasks;
	struct plan *plan;

	start(&tasks);
	add_task(&tasks, CALL(RUNNING) CALLER(IDLE));
	plan = plan_of_tasks(&tasks, &full_kernel);
	expect_missing(plan, INSTR_TOKIO_POLLS,
		       "inlined into some of the polls: " STATE "transition_to_complete");
	plan__free(plan);
}
