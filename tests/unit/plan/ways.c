// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "base/array.h"
#include "server.h"

#define BY_STATES    "tokio's state transitions"
#define BY_RAW_POLL  "calls and returns of tasks' poll functions"
#define BY_ENTRANCE  "the run queues' one entrance"
#define BY_ENTRANCES "the run queues' two entrances"
#define BY_FRAMES    "tungstenite's frames"
#define BY_MESSAGES  "tungstenite's messages in and frames out"

Test(plan_ways, polls_without_a_state_transition_are_calls_of_the_poll_function)
{
	static const struct server servers[] = {
		{WITHOUT(HOOK_POLL_START)},
		{WITHOUT(HOOK_POLL_IDLE)},
		{WITHOUT(HOOK_POLL_START, HOOK_POLL_IDLE)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(servers); i++) {
		struct plan *plan = plan_of_server(&servers[i], &full_kernel);

		expect_way(plan, INSTR_TOKIO_POLLS, BY_RAW_POLL);
		cr_expect_eq(plan__available(plan), INSTR_COUNT);
		expect_wanted(plan, HOOK_RAW_POLL, true);
		expect_wanted(plan, HOOK_RAW_POLL_RETURN, true);
		expect_wanted(plan, HOOK_TASK_COMPLETE, true);
		/* What is there of the other way is of no use. */
		expect_wanted(plan, HOOK_POLL_START, false);
		expect_wanted(plan, HOOK_POLL_IDLE, false);
		/* One of each task. */
		cr_expect_eq(plan->hooks[HOOK_RAW_POLL].site_count, ROLE_COUNT - 1);
		cr_expect_eq(plan->hooks[HOOK_RAW_POLL_RETURN].site_count, ROLE_COUNT - 1);
		plan__free(plan);
	}
}

Test(plan_ways, a_signal_with_no_way_is_missing_for_what_its_first_way_lacks)
{
	struct plan *plan = plan_of_server(
		&(struct server){WITHOUT(HOOK_POLL_IDLE, HOOK_TASK_COMPLETE)}, &full_kernel);
	static const char reason[] = "not in the executable: " STATE "transition_to_idle";

	/* What happens in polls is missing with them, for the same reason. */
	for (int signal = INSTR_HTTP_REQUESTS; signal <= INSTR_TOKIO_POLLS; signal++)
		expect_missing(plan, (enum instrumentation_id)signal, reason);
	expect_missing(plan, INSTR_TOKIO_SCHEDULING, reason);
	/* This one has a lack of its own. */
	expect_missing(plan, INSTR_TOKIO_TASKS,
		       "not in the executable: " STATE "transition_to_complete");
	EXPECT_ALL_BUT(plan, INSTR_HTTP_REQUESTS, INSTR_HTTP_ROUTES, INSTR_CLIENT_ADDRESSES,
		       INSTR_WEBSOCKETS, INSTR_SHELL_SESSIONS, INSTR_LOG_STREAMS,
		       INSTR_COMPOSE_TASKS, INSTR_APPLICATIONS, INSTR_APP_STATUSES,
		       INSTR_TOKIO_POLLS, INSTR_TOKIO_TASKS, INSTR_TOKIO_SCHEDULING);
	expect_wanted(plan, HOOK_POLL_START, false);
	expect_wanted(plan, HOOK_HTTP_PARSE, false);
	/* Nor is anything watched for a signal that cannot be had. */
	expect_wanted(plan, HOOK_HTTP2_STREAM, false);
	expect_wanted(plan, HOOK_MESSAGE_QUEUE, false);
	expect_wanted(plan, HOOK_SHELL_AUDIT, false);
	plan__free(plan);
}

Test(plan_ways, run_queues_have_one_entrance_or_two)
{
	struct plan *plan =
		plan_of_server(&(struct server){WITHOUT(HOOK_TASK_SCHEDULE)}, &full_kernel);

	expect_way(plan, INSTR_TOKIO_SCHEDULING, BY_ENTRANCES);
	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	expect_wanted(plan, HOOK_SCHEDULE_LOCAL, true);
	expect_wanted(plan, HOOK_SCHEDULE_REMOTE, true);
	plan__free(plan);
}

Test(plan_ways, without_spawns_there_is_nothing_that_they_tell)
{
	static const enum hook entrances[] = {HOOK_SCHEDULE_LOCAL, HOOK_SCHEDULE_REMOTE};

	for (size_t i = 0; i < ARRAY_SIZE(entrances); i++) {
		struct server server = {
			.without = {HOOK_TASK_SCHEDULE, entrances[i], HOOK_TASK_SPAWN},
			.without_count = 3};
		struct plan *plan = plan_of_server(&server, &full_kernel);
		static const enum instrumentation_id missing[] = {
			INSTR_TOKIO_SCHEDULING, INSTR_CLIENT_ADDRESSES, INSTR_LOG_STREAMS,
			INSTR_APPLICATIONS, INSTR_APP_STATUSES};

		expect_all_but(plan, missing, ARRAY_SIZE(missing));
		for (size_t m = 0; m < ARRAY_SIZE(missing); m++)
			expect_missing(plan, missing[m],
				       "not in the executable: " MULTI_THREAD
				       "handle::Handle::schedule_task");
		expect_wanted(plan, HOOK_SCHEDULE_LOCAL, false);
		expect_wanted(plan, HOOK_SCHEDULE_REMOTE, false);
		expect_wanted(plan, HOOK_SOCKET_ACCEPT, false);
		plan__free(plan);
	}
}

Test(plan_ways, spawns_are_seen_without_wake_ups)
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

Test(plan_ways, messages_tell_what_frames_do_where_these_are_inlined)
{
	struct plan *plan = plan_of_server(&(struct server){WITHOUT(HOOK_FRAME_IN)}, &full_kernel);

	expect_way(plan, INSTR_WEBSOCKETS, BY_MESSAGES);
	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	expect_wanted(plan, HOOK_WEBSOCKET_OPEN, true);
	expect_wanted(plan, HOOK_TEXT_IN, true);
	expect_wanted(plan, HOOK_FRAGMENTS_IN, true);
	expect_wanted(plan, HOOK_FRAME_OUT, true);
	expect_wanted(plan, HOOK_MESSAGE_QUEUE, true);
	plan__free(plan);
}

Test(plan_ways, websockets_need_messages_of_one_frame_and_of_several)
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
		/* Shell sessions have their own use for it. */
		expect_wanted(plan, HOOK_FRAME_OUT, true);
		plan__free(plan);
	}
}

Test(plan_ways, a_single_step_makes_a_way_the_last_choice)
{
	struct plan *plan = plan_of_server(
		&(struct server){.more = {{STATE "transition_to_idle", EXPENSIVE}}}, &full_kernel);

	cr_expect(plan->hooks[HOOK_POLL_IDLE].has_expensive_site);
	expect_way(plan, INSTR_TOKIO_POLLS, BY_RAW_POLL);
	plan__free(plan);

	/* But better than none. */
	plan = plan_of_server(
		&(struct server){
			WITHOUT(HOOK_SCHEDULE_LOCAL),
			.more = {{MULTI_THREAD "handle::Handle::schedule_task", EXPENSIVE}}},
		&full_kernel);
	expect_way(plan, INSTR_TOKIO_SCHEDULING, BY_ENTRANCE);
	plan__free(plan);
}

Test(plan_ways, of_ways_with_single_steps_the_first_is_chosen)
{
	struct plan *plan = plan_of_server(
		&(struct server){
			.more = {{MULTI_THREAD "handle::Handle::schedule_task", EXPENSIVE},
				 {MULTI_THREAD "handle::Handle::push_remote_task", EXPENSIVE}}},
		&full_kernel);

	expect_way(plan, INSTR_TOKIO_SCHEDULING, BY_ENTRANCE);
	plan__free(plan);
}

/* An expensive watch is no reason to go another way. */
Test(plan_ways, the_cost_of_a_watch_does_not_matter)
{
	struct plan *plan = plan_of_server(
		&(struct server){
			.more = {{"tungstenite::protocol::WebSocketContext::new", EXPENSIVE},
				 {"tokio::sync::broadcast::Sender::send", EXPENSIVE}}},
		&full_kernel);

	expect_way(plan, INSTR_WEBSOCKETS, BY_FRAMES);
	expect_wanted(plan, HOOK_WEBSOCKET_OPEN, true);
	expect_wanted(plan, HOOK_MESSAGE_QUEUE, true);
	plan__free(plan);
}

Test(plan_ways, watches_that_are_not_there_are_not_missed)
{
	static const enum hook watches[] = {
		HOOK_HTTP2_STREAM,	 HOOK_WEBSOCKET_OPEN,	HOOK_MESSAGE_QUEUE,
		HOOK_SHELL_AUDIT,	 HOOK_APP_CHECK,	HOOK_APP_REMOVED,
		HOOK_OAUTH_FLOW_FAILURE, HOOK_RATE_LIMIT_ERROR,
	};

	for (size_t i = 0; i < ARRAY_SIZE(watches); i++) {
		struct server server = {.without = {watches[i]}, .without_count = 1};
		struct plan *plan = plan_of_server(&server, &full_kernel);

		cr_expect_eq(plan__available(plan), INSTR_COUNT, "%s",
			     catalogue_hooks[watches[i]].name);
		for (size_t other = 0; other < ARRAY_SIZE(watches); other++)
			expect_wanted(plan, watches[other], other != i);
		plan__free(plan);
	}
}

Test(plan_ways, sessions_need_tasks_of_their_role)
{
	static const struct {
		enum task_role role;
		enum instrumentation_id signals[2];
		size_t count;
		const char *name;
	} samples[] = {
		{ROLE_HTTP_CONNECTION, {INSTR_CLIENT_ADDRESSES}, 1, "http_connection"},
		{ROLE_SHELL, {INSTR_SHELL_SESSIONS}, 1, "shell_session_handler"},
		{ROLE_LOG_STREAM, {INSTR_LOG_STREAMS}, 1, "log_stream_handler"},
		{ROLE_COMPOSE_TASK, {INSTR_COMPOSE_TASKS}, 1, "compose_task"},
		{ROLE_APP_CHECK, {INSTR_APPLICATIONS, INSTR_APP_STATUSES}, 2, "app_check"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct plan *plan = plan_of_server(
			&(struct server){.without_role = samples[i].role}, &full_kernel);
		char reason[128];

		snprintf(reason, sizeof(reason), "not among the executable's kinds of tasks: %s",
			 samples[i].name);
		expect_all_but(plan, samples[i].signals, samples[i].count);
		for (size_t s = 0; s < samples[i].count; s++)
			expect_missing(plan, samples[i].signals[s], reason);
		plan__free(plan);
	}
}

Test(plan_ways, hooks_that_two_signals_share_stay_for_the_one_that_can_be_had)
{
	struct plan *plan =
		plan_of_server(&(struct server){.without_role = ROLE_SHELL}, &full_kernel);

	expect_wanted(plan, HOOK_FRAME_OUT, true);
	expect_wanted(plan, HOOK_MESSAGE_QUEUE, true);
	expect_wanted(plan, HOOK_SHELL_AUDIT, false);
	plan__free(plan);
}

Test(plan_ways, routes_need_the_requests_that_they_are_of)
{
	struct plan *plan =
		plan_of_server(&(struct server){WITHOUT(HOOK_HTTP_PARSE)}, &full_kernel);
	static const char reason[] = "not in the executable: "
				     "<hyper::proto::h1::role::Server as "
				     "hyper::proto::h1::Http1Transaction>::parse";

	EXPECT_ALL_BUT(plan, INSTR_HTTP_REQUESTS, INSTR_HTTP_ROUTES);
	expect_missing(plan, INSTR_HTTP_REQUESTS, reason);
	expect_missing(plan, INSTR_HTTP_ROUTES, reason);
	expect_wanted(plan, HOOK_HTTP_ROUTE, false);
	expect_wanted(plan, HOOK_HTTP_ENCODE, false);
	expect_wanted(plan, HOOK_HTTP2_STREAM, false);
	plan__free(plan);
}
