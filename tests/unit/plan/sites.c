// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "base/array.h"
#include "server.h"

/* Functions of the second rank. */
#define PARSE_FRAME "tungstenite::protocol::frame::frame::FrameHeader::parse"

Test(plan_sites, the_first_function_that_is_there_is_hooked)
{
	struct plan *plan =
		plan_of_server(&(struct server){.more = {{PARSE_FRAME, CHEAP}}}, &full_kernel);

	cr_expect_eq(plan->hooks[HOOK_FRAME_IN].site_count, 1);
	cr_expect_str_eq(plan->hooks[HOOK_FRAME_IN].function, PARSE_FRAME "_internal");
	plan__free(plan);

	plan = plan_of_server(
		&(struct server){WITHOUT(HOOK_FRAME_IN), .more = {{PARSE_FRAME, CHEAP}}},
		&full_kernel);
	cr_expect_eq(plan->hooks[HOOK_FRAME_IN].site_count, 1);
	cr_expect_str_eq(plan->hooks[HOOK_FRAME_IN].function, PARSE_FRAME);
	expect_strategy(plan, INSTR_WEBSOCKETS, "tungstenite's frames");
	plan__free(plan);
}

Test(plan_sites, a_function_that_cannot_be_probed_gives_way_to_the_next)
{
	struct plan *plan =
		plan_of_server(&(struct server){.more = {{PARSE_FRAME "_internal", BARE_RETURN},
							 {PARSE_FRAME, CHEAP}}},
			       &full_kernel);

	cr_expect_eq(plan->hooks[HOOK_FRAME_IN].found, 2);
	cr_expect_eq(plan->hooks[HOOK_FRAME_IN].site_count, 1);
	cr_expect_str_eq(plan->hooks[HOOK_FRAME_IN].function, PARSE_FRAME);
	plan__free(plan);
}

Test(plan_sites, what_is_there_but_cannot_be_probed_is_said)
{
	struct plan *plan =
		plan_of_server(&(struct server){.more = {{PARSE_FRAME "_internal", BARE_RETURN}},
						WITHOUT(HOOK_TEXT_IN)},
			       &full_kernel);

	cr_expect_eq(plan->hooks[HOOK_FRAME_IN].found, 1);
	cr_expect_eq(plan->hooks[HOOK_FRAME_IN].site_count, 0);
	expect_missing(plan, INSTR_WEBSOCKETS,
		       "inlined, or cannot be probed: " PARSE_FRAME "_internal");
	plan__free(plan);

	/* It is the one that is there which is named. */
	plan = plan_of_server(&(struct server){WITHOUT(HOOK_FRAME_IN, HOOK_TEXT_IN),
					       .more = {{PARSE_FRAME, BARE_RETURN}}},
			      &full_kernel);
	expect_missing(plan, INSTR_WEBSOCKETS, "inlined, or cannot be probed: " PARSE_FRAME);
	plan__free(plan);
}

/* A call's return address is on the stack's top at its entry only. */
Test(plan_sites, returns_are_hooked_at_the_entry_though_a_cheaper_place_follows)
{
	struct tasks tasks;
	struct plan *plan;
	const struct plan_site *call, *back;

	tasks_start(&tasks);
	tasks.poll = "mov %rsp, %rax\npush %rbx\npop %rbx\nret";
	add_legacy_task(&tasks, SCHEDULE, CHEAP);
	plan = plan_of_tasks(&tasks, &full_kernel);
	call = site_of(plan, HOOK_RAW_POLL, 0);
	back = site_of(plan, HOOK_RAW_POLL_RETURN, 0);
	cr_expect_eq(call->code.address - call->code.entry, 3);
	cr_expect_eq(call->code.cost, CODE_COST_EMULATED);
	cr_expect_str_eq(call->code.instruction, "push rbx");
	cr_expect_eq(back->code.entry, call->code.entry);
	cr_expect_eq(back->code.address, back->code.entry);
	cr_expect_eq(back->code.cost, CODE_COST_SINGLE_STEP);
	cr_expect_str_eq(back->code.instruction, "mov rax, rsp");
	cr_expect_eq(call->file_offset - back->file_offset, 3);
	cr_expect(plan->hooks[HOOK_RAW_POLL_RETURN].has_expensive_site);
	cr_expect_not(plan->hooks[HOOK_RAW_POLL].has_expensive_site);
	plan__free(plan);
}

/* Both manglings name the same functions: here is v0. */
#define V0_STATE    "NtNtNtC5tokio7runtime4task5state"
#define V0_STATE_OF "_RNvM" V0_STATE "Nt" V0_STATE "5State"
#define V0_ROLE	    "NtNtNtC5hyper5proto2h14role"
#define V0_HTTP1    "_RNvX" V0_ROLE "Nt" V0_ROLE "6ServerNtNtNtC5hyper5proto2h116Http1Transaction"
#define V0_TRY_FROM                                                                           \
	"_RNvXC11tungsteniteNtNtNtNtC11tungstenite8protocol5frame4utf89Utf8BytesINtNtC4core7" \
	"convert7TryFromNtC5bytes5BytesE8try_from"

Test(plan_sites, v0_names)
{
	struct plan *plan =
		plan_of(PLAIN(V0_STATE_OF "21transition_to_running")
				PLAIN(V0_STATE_OF "18transition_to_idle")
					PLAIN(V0_STATE_OF "22transition_to_complete")
						PLAIN(V0_HTTP1 "5parse") PLAIN(V0_HTTP1 "6encode")
							PLAIN(V0_TRY_FROM),
			&full_kernel);

	cr_expect_eq(plan->hooks[HOOK_TEXT_IN].site_count, 1);
	expect_strategy(plan, INSTR_TOKIO_POLLS, "tokio's state transitions");
	expect_strategy(plan, INSTR_HTTP_REQUESTS, "hyper's parse and encode within tokio's polls");
	plan__free(plan);
}

#define MANY_COPIES 40

Test(plan_sites, every_copy_of_a_function_is_hooked)
{
	struct tasks tasks;
	struct plan *plan;

	tasks_start(&tasks);
	for (unsigned int i = 0; i < MANY_COPIES; i++) {
		char name[128];

		snprintf(name, sizeof(name),
			 "_ZN2h25proto7streams4recv4Recv4open17h0123456789ab%04xE", i);
		add_function(&tasks, name, i % 4 == 3 ? EXPENSIVE : CHEAP);
	}
	plan = plan_of_tasks(&tasks, &full_kernel);
	cr_assert_eq(plan->hooks[HOOK_HTTP2_STREAM].found, MANY_COPIES);
	cr_assert_eq(plan->hooks[HOOK_HTTP2_STREAM].site_count, MANY_COPIES);
	cr_expect(plan->hooks[HOOK_HTTP2_STREAM].has_expensive_site);
	for (size_t i = 1; i < MANY_COPIES; i++)
		cr_expect_gt(site_of(plan, HOOK_HTTP2_STREAM, i)->code.entry,
			     site_of(plan, HOOK_HTTP2_STREAM, i - 1)->code.entry);
	plan__free(plan);
}

/* As the linker may leave it where all calls are inlined. */
Test(plan_sites, a_function_that_nothing_refers_to_is_not_hooked)
{
	struct plan *plan = plan_of_server(
		&(struct server){.unused = {APP_DATA_NEW, APP_DATA_BODY}}, &full_kernel);

	cr_expect_eq(plan->hooks[HOOK_APP_NEW].found, 1);
	cr_expect_eq(plan->hooks[HOOK_APP_NEW].site_count, 0);
	cr_expect_eq(plan->app_status_offset, 0);
	EXPECT_ALL_BUT(plan, INSTR_APPLICATIONS, INSTR_APP_STATUSES);
	expect_missing(plan, INSTR_APPLICATIONS, "inlined, or cannot be probed: " APP_DATA_NEW);
	expect_wanted(plan, HOOK_APP_NEW, false);
	plan__free(plan);
}

Test(plan_sites, a_function_that_nothing_refers_to_gives_way_to_the_next)
{
	struct plan *plan =
		plan_of_server(&(struct server){.unused = {PARSE_FRAME "_internal", EXPENSIVE},
						.more = {{PARSE_FRAME, CHEAP}}},
			       &full_kernel);

	cr_expect_eq(plan->hooks[HOOK_FRAME_IN].found, 2);
	cr_expect_eq(plan->hooks[HOOK_FRAME_IN].site_count, 1);
	cr_expect_str_eq(plan->hooks[HOOK_FRAME_IN].function, PARSE_FRAME);
	cr_expect_str_eq(site_of(plan, HOOK_FRAME_IN, 0)->code.instruction, "push rbx");
	cr_expect_not(plan->hooks[HOOK_FRAME_IN].has_expensive_site);
	/* Nothing is left of the other. */
	cr_expect_eq(plan->hooks[HOOK_TEXT_IN].first_site,
		     plan->hooks[HOOK_FRAME_IN].first_site + 1);
	plan__free(plan);
}

Test(plan_sites, what_nothing_refers_to_is_not_watched)
{
	struct plan *plan = plan_of_server(
		&(struct server){.unused = {"tokio::sync::broadcast::Sender::send", CHEAP}},
		&full_kernel);

	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	expect_wanted(plan, HOOK_MESSAGE_QUEUE, false);
	plan__free(plan);
}

#define APP_DATA_SYMBOL "_ZN11scotty_core4apps8app_data4data7AppData3new" HASH

Test(plan_sites, calls_jumps_and_addresses_are_references)
{
	static const char *const references[] = {
		"call \"" APP_DATA_SYMBOL "\"\nret",
		/* Functions of compilers are in sections of their own, so that no jump is short. */
		"push %rbx\npop %rbx\njmp \"" APP_DATA_SYMBOL "\"\n.skip 300, 0x90",
		"test %edi, %edi\nje \"" APP_DATA_SYMBOL "\"\nret\n.skip 300, 0x90",
		"lea \"" APP_DATA_SYMBOL "\"(%rip), %rax\nret",
		"lea \"" APP_DATA_SYMBOL "\"(%rip), %r13\nret",
	};

	for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
		struct plan *plan =
			plan_of_server(&(struct server){.unused = {APP_DATA_NEW, APP_DATA_BODY},
							.more = {{"a::run", references[i]}}},
				       &full_kernel);

		cr_expect_eq(plan->hooks[HOOK_APP_NEW].site_count, 1, "%s", references[i]);
		cr_expect_eq(plan->app_status_offset, APP_DATA_STATUS);
		cr_expect_not_null(plan__has(plan, INSTR_APPLICATIONS));
		plan__free(plan);
	}
}

/* Which of its copies are called cannot always be told: all are hooked. */
Test(plan_sites, one_copy_that_is_used_is_enough)
{
	struct tasks tasks;
	struct plan *plan;

	tasks_start(&tasks);
	add_unused_function(&tasks, "_ZN2h25proto7streams4recv4Recv4open17h0123456789ab0001E",
			    CHEAP);
	add_function(&tasks, "_ZN2h25proto7streams4recv4Recv4open17h0123456789ab0002E", CHEAP);
	plan = plan_of_tasks(&tasks, &full_kernel);
	cr_expect_eq(plan->hooks[HOOK_HTTP2_STREAM].site_count, 2);
	plan__free(plan);
}
