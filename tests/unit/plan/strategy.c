// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "base/array.h"
#include "server.h"

#define BY_STATES	 "tokio's state transitions"
#define BY_RAW_POLL	 "calls and returns of tasks' poll functions"
#define BY_FUNCTION	 "the function that puts a task into a run queue"
#define BY_TWO_FUNCTIONS "the two functions that put a task into a run queue"
#define BY_FRAMES	 "tungstenite's frames"
#define BY_MESSAGES	 "tungstenite's messages in and frames out"

Test(plan_strategy, polls_without_a_state_transition_are_calls_of_the_poll_function)
{
	static const struct server servers[] = {
		{WITHOUT(HOOK_POLL_START)},
		{WITHOUT(HOOK_POLL_IDLE)},
		{WITHOUT(HOOK_POLL_START, HOOK_POLL_IDLE)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(servers); i++) {
		struct plan *plan = plan_of_server(&servers[i], &full_kernel);

		expect_strategy(plan, INSTR_TOKIO_POLLS, BY_RAW_POLL);
		cr_expect_eq(plan__available(plan), INSTR_COUNT);
		expect_wanted(plan, HOOK_RAW_POLL, true);
		expect_wanted(plan, HOOK_RAW_POLL_RETURN, true);
		expect_wanted(plan, HOOK_TASK_COMPLETE, true);
		/* The remaining hooks of the other strategy are of no use. */
		expect_wanted(plan, HOOK_POLL_START, false);
		expect_wanted(plan, HOOK_POLL_IDLE, false);
		/* one for each task */
		cr_expect_eq(plan->hooks[HOOK_RAW_POLL].site_count, ROLE_COUNT - 1);
		cr_expect_eq(plan->hooks[HOOK_RAW_POLL_RETURN].site_count, ROLE_COUNT - 1);
		plan__free(plan);
	}
}

Test(plan_strategy, without_a_strategy_the_reason_is_that_of_the_first_one)
{
	struct plan *plan = plan_of_server(
		&(struct server){WITHOUT(HOOK_POLL_IDLE, HOOK_TASK_COMPLETE)}, &full_kernel);
	static const char reason[] = "not in the executable: " STATE "transition_to_idle";

	/* Instrumentations that need polls are missing for the same reason. */
	for (int id = INSTR_HTTP_REQUESTS; id <= INSTR_TOKIO_POLLS; id++)
		expect_missing(plan, (enum instrumentation_id)id, reason);
	expect_missing(plan, INSTR_TOKIO_SCHEDULING, reason);
	/* This one has its own reason. */
	expect_missing(plan, INSTR_TOKIO_TASKS,
		       "not in the executable: " STATE "transition_to_complete");
	EXPECT_ALL_BUT(plan, INSTR_HTTP_REQUESTS, INSTR_HTTP_ROUTES, INSTR_CLIENT_ADDRESSES,
		       INSTR_WEBSOCKETS, INSTR_SHELL_SESSIONS, INSTR_LOG_STREAMS,
		       INSTR_COMPOSE_TASKS, INSTR_APPLICATIONS, INSTR_APP_STATUSES,
		       INSTR_TOKIO_POLLS, INSTR_TOKIO_TASKS, INSTR_TOKIO_SCHEDULING);
	expect_wanted(plan, HOOK_POLL_START, false);
	expect_wanted(plan, HOOK_HTTP_PARSE, false);
	/* A missing instrumentation wants no optional hooks. */
	expect_wanted(plan, HOOK_HTTP2_STREAM, false);
	expect_wanted(plan, HOOK_MESSAGE_QUEUE, false);
	expect_wanted(plan, HOOK_SHELL_AUDIT, false);
	plan__free(plan);
}

Test(plan_strategy, one_or_two_functions_put_tasks_into_run_queues)
{
	struct plan *plan =
		plan_of_server(&(struct server){WITHOUT(HOOK_TASK_SCHEDULE)}, &full_kernel);

	expect_strategy(plan, INSTR_TOKIO_SCHEDULING, BY_TWO_FUNCTIONS);
	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	expect_wanted(plan, HOOK_SCHEDULE_LOCAL, true);
	expect_wanted(plan, HOOK_SCHEDULE_REMOTE, true);
	plan__free(plan);
}

Test(plan_strategy, without_spawns_all_that_needs_them_is_missing)
{
	static const enum hook functions[] = {HOOK_SCHEDULE_LOCAL, HOOK_SCHEDULE_REMOTE};

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		struct server server = {
			.without = {HOOK_TASK_SCHEDULE, functions[i], HOOK_TASK_SPAWN},
			.without_count = 3};
		struct plan *plan = plan_of_server(&server, &full_kernel);
		static const enum instrumentation_id missing[] = {
			INSTR_TOKIO_SCHEDULING, INSTR_LOG_STREAMS, INSTR_APPLICATIONS,
			INSTR_APP_STATUSES};

		expect_all_but(plan, missing, ARRAY_SIZE(missing));
		for (size_t m = 0; m < ARRAY_SIZE(missing); m++)
			expect_missing(plan, missing[m],
				       "not in the executable: " MULTI_THREAD
				       "handle::Handle::schedule_task");
		expect_wanted(plan, HOOK_SCHEDULE_LOCAL, false);
		expect_wanted(plan, HOOK_SCHEDULE_REMOTE, false);
		plan__free(plan);
	}
}

Test(plan_strategy, spawns_are_seen_without_wake_ups)
{
	static const enum instrumentation_id missing[] = {INSTR_TOKIO_SCHEDULING};
	struct server server = {.without = {HOOK_TASK_SCHEDULE, HOOK_SCHEDULE_LOCAL},
				.without_count = 2};
	struct plan *plan = plan_of_server(&server, &full_kernel);

	expect_all_but(plan, missing, 1);
	expect_wanted(plan, HOOK_TASK_SPAWN, true);
	expect_wanted(plan, HOOK_SCHEDULE_REMOTE, false);
	plan__free(plan);
}

Test(plan_strategy, messages_replace_frames_that_are_inlined)
{
	struct plan *plan = plan_of_server(&(struct server){WITHOUT(HOOK_FRAME_IN)}, &full_kernel);

	expect_strategy(plan, INSTR_WEBSOCKETS, BY_MESSAGES);
	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	expect_wanted(plan, HOOK_WEBSOCKET_OPEN, true);
	expect_wanted(plan, HOOK_TEXT_IN, true);
	expect_wanted(plan, HOOK_FRAGMENTS_IN, true);
	expect_wanted(plan, HOOK_FRAME_OUT, true);
	expect_wanted(plan, HOOK_MESSAGE_QUEUE, true);
	plan__free(plan);
}

Test(plan_strategy, websockets_need_messages_of_one_frame_and_of_several)
{
	static const enum hook needed[] = {HOOK_WEBSOCKET_OPEN, HOOK_TEXT_IN, HOOK_FRAGMENTS_IN};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		struct server server = {.without = {HOOK_FRAME_IN, needed[i]}, .without_count = 2};
		struct plan *plan = plan_of_server(&server, &full_kernel);
		static const char reason[] =
			"not in the executable: "
			"tungstenite::protocol::frame::frame::FrameHeader::parse_internal";

		EXPECT_ALL_BUT(plan, INSTR_WEBSOCKETS, INSTR_LOG_STREAMS);
		expect_missing(plan, INSTR_WEBSOCKETS, reason);
		expect_missing(plan, INSTR_LOG_STREAMS, reason);
		expect_wanted(plan, HOOK_TEXT_IN, false);
		expect_wanted(plan, HOOK_FRAGMENTS_IN, false);
		/* Shell sessions need this hook, too. */
		expect_wanted(plan, HOOK_FRAME_OUT, true);
		plan__free(plan);
	}
}

Test(plan_strategy, a_strategy_with_a_single_step_is_the_last_choice)
{
	struct plan *plan = plan_of_server(
		&(struct server){.more = {{STATE "transition_to_idle", EXPENSIVE}}}, &full_kernel);

	cr_expect(plan->hooks[HOOK_POLL_IDLE].has_expensive_site);
	expect_strategy(plan, INSTR_TOKIO_POLLS, BY_RAW_POLL);
	plan__free(plan);

	/* It is better than none. */
	plan = plan_of_server(
		&(struct server){
			WITHOUT(HOOK_SCHEDULE_LOCAL),
			.more = {{MULTI_THREAD "handle::Handle::schedule_task", EXPENSIVE}}},
		&full_kernel);
	expect_strategy(plan, INSTR_TOKIO_SCHEDULING, BY_FUNCTION);
	plan__free(plan);
}

Test(plan_strategy, the_first_of_several_strategies_with_single_steps_is_chosen)
{
	struct plan *plan = plan_of_server(
		&(struct server){
			.more = {{MULTI_THREAD "handle::Handle::schedule_task", EXPENSIVE},
				 {MULTI_THREAD "handle::Handle::push_remote_task", EXPENSIVE}}},
		&full_kernel);

	expect_strategy(plan, INSTR_TOKIO_SCHEDULING, BY_FUNCTION);
	plan__free(plan);
}

/* An expensive optional hook is no reason for another strategy. */
Test(plan_strategy, the_cost_of_an_optional_hook_does_not_matter)
{
	struct plan *plan = plan_of_server(
		&(struct server){
			.more = {{"tungstenite::protocol::WebSocketContext::new", EXPENSIVE},
				 {"tokio::sync::broadcast::Sender::send", EXPENSIVE}}},
		&full_kernel);

	expect_strategy(plan, INSTR_WEBSOCKETS, BY_FRAMES);
	expect_wanted(plan, HOOK_WEBSOCKET_OPEN, true);
	expect_wanted(plan, HOOK_MESSAGE_QUEUE, true);
	plan__free(plan);
}

Test(plan_strategy, optional_hooks_need_not_be_there)
{
	static const enum hook optional[] = {
		HOOK_HTTP2_STREAM,	 HOOK_WEBSOCKET_OPEN,	HOOK_MESSAGE_QUEUE,
		HOOK_SHELL_AUDIT,	 HOOK_APP_CHECK,	HOOK_APP_REMOVED,
		HOOK_OAUTH_FLOW_FAILURE, HOOK_RATE_LIMIT_ERROR,
	};

	for (size_t i = 0; i < ARRAY_SIZE(optional); i++) {
		struct server server = {.without = {optional[i]}, .without_count = 1};
		struct plan *plan = plan_of_server(&server, &full_kernel);

		cr_expect_eq(plan__available(plan), INSTR_COUNT, "%s", wire_hook_name(optional[i]));
		for (size_t other = 0; other < ARRAY_SIZE(optional); other++)
			expect_wanted(plan, optional[other], other != i);
		plan__free(plan);
	}
}

Test(plan_strategy, sessions_need_tasks_of_their_role)
{
	static const struct {
		enum task_role role;
		enum instrumentation_id ids[2];
		size_t count;
		const char *name;
	} samples[] = {
		{ROLE_SHELL, {INSTR_SHELL_SESSIONS}, 1, "shell_session_handler"},
		{ROLE_LOG_STREAM, {INSTR_LOG_STREAMS}, 1, "log_stream_handler"},
		{ROLE_COMPOSE_TASK, {INSTR_COMPOSE_TASKS}, 1, "compose_task"},
		{ROLE_APP_CHECK, {INSTR_APPLICATIONS, INSTR_APP_STATUSES}, 2, "app_check"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct plan *plan = plan_of_server(
			&(struct server){.without_role = samples[i].role}, &full_kernel);
		char reason[128];

		snprintf(reason, sizeof(reason), "no task type of the executable has the role %s",
			 samples[i].name);
		expect_all_but(plan, samples[i].ids, samples[i].count);
		for (size_t s = 0; s < samples[i].count; s++)
			expect_missing(plan, samples[i].ids[s], reason);
		plan__free(plan);
	}
}

Test(plan_strategy, a_shared_hook_stays_for_the_instrumentation_that_is_available)
{
	struct plan *plan =
		plan_of_server(&(struct server){.without_role = ROLE_SHELL}, &full_kernel);

	expect_wanted(plan, HOOK_FRAME_OUT, true);
	expect_wanted(plan, HOOK_MESSAGE_QUEUE, true);
	expect_wanted(plan, HOOK_SHELL_AUDIT, false);
	plan__free(plan);
}

Test(plan_strategy, the_drop_of_a_path_gives_routes_where_the_match_is_inlined)
{
	struct plan *whole = plan_of_server(&(struct server){0}, &full_kernel);
	struct plan *inlined =
		plan_of_server(&(struct server){WITHOUT(HOOK_HTTP_MATCH)}, &full_kernel);

	expect_wanted(whole, HOOK_HTTP_MATCH, true);
	expect_wanted(whole, HOOK_HTTP_ROUTE, false);
	expect_wanted(inlined, HOOK_HTTP_MATCH, false);
	expect_wanted(inlined, HOOK_HTTP_ROUTE, true);
	plan__free(whole);
	plan__free(inlined);
}

Test(plan_strategy, routes_need_requests)
{
	struct plan *plan =
		plan_of_server(&(struct server){WITHOUT(HOOK_HTTP_PARSE)}, &full_kernel);
	static const char reason[] = "not in the executable: "
				     "<hyper::proto::h1::role::Server as "
				     "hyper::proto::h1::Http1Transaction>::parse";

	EXPECT_ALL_BUT(plan, INSTR_HTTP_REQUESTS, INSTR_HTTP_ROUTES, INSTR_CLIENT_ADDRESSES);
	expect_missing(plan, INSTR_HTTP_REQUESTS, reason);
	expect_missing(plan, INSTR_HTTP_ROUTES, reason);
	expect_wanted(plan, HOOK_HTTP_MATCH, false);
	expect_wanted(plan, HOOK_HTTP_ROUTE, false);
	expect_wanted(plan, HOOK_HTTP_ENCODE, false);
	expect_wanted(plan, HOOK_HTTP2_STREAM, false);
	plan__free(plan);
}
