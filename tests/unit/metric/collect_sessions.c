// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdbool.h>

#include "base/array.h"
#include "collected.h"

/* Sets all counts to different values. */
static void count_all(struct snapshot_totals *totals)
{
	for (uint64_t role = 0; role < ROLE_COUNT; role++) {
		totals->sessions[role] = (struct session_totals){
			.durations = {.sum_ns = (role + 1) * 1000000000, .buckets = {[9] = role}},
			.preexisting = 2 * role,
			.started = 100 * role,
			.ended = 50 * role,
			.failed = 7 * role,
			.timed_out = 3 * role,
		};
		totals->initial_sessions[role] = role;
	}
	for (uint64_t event = 0; event < EVENT_COUNT; event++)
		totals->counters.events[event] = 1000 + event;
}

static struct collection *collect_with(enum instrumentation_id signal)
{
	struct collection *collection = collection_new();

	count_all(&collection->snapshot->totals);
	have(collection, signal);
	metric_collect_sessions(collection->set, collection->snapshot);
	return collection;
}

/* Of the initial scan, from before its end, and later, without those that ended. */
static int64_t active(enum task_role role)
{
	return (1 + 2 + 100 - 50) * (int64_t)role;
}

Test(metric_collect_sessions, websockets)
{
	struct collection *collection = collect_with(INSTR_WEBSOCKETS);
	const struct metric_set *set = collection->set;

	cr_assert_eq(set->metric_count, 5);
	assert_value(set, METRIC_ID_WEBSOCKET_CONNECTIONS_ACTIVE, active(ROLE_WEBSOCKET));
	assert_value(set, METRIC_ID_WEBSOCKET_CONNECTIONS, 100 * ROLE_WEBSOCKET);
	assert_value(set, METRIC_ID_WEBSOCKET_MESSAGES_SENT, 1000 + EVENT_MESSAGES_SENT);
	assert_value(set, METRIC_ID_WEBSOCKET_MESSAGES_RECEIVED, 1000 + EVENT_MESSAGES_RECEIVED);
	assert_value(set, METRIC_ID_WEBSOCKET_AUTH_FAILURES, 1000 + EVENT_AUTHENTICATION_FAILED);
	collection_free(collection);
}

Test(metric_collect_sessions, shell_sessions)
{
	struct collection *collection = collect_with(INSTR_SHELL_SESSIONS);
	const struct metric_set *set = collection->set;

	cr_assert_eq(set->metric_count, 5);
	assert_value(set, METRIC_ID_SHELL_SESSIONS_ACTIVE, active(ROLE_SHELL));
	assert_value(set, METRIC_ID_SHELL_SESSIONS, 100 * ROLE_SHELL);
	assert_value(set, METRIC_ID_SHELL_SESSION_ERRORS, 7 * ROLE_SHELL);
	assert_value(set, METRIC_ID_SHELL_SESSION_TIMEOUTS, 3 * ROLE_SHELL);
	assert_histogram(set, METRIC_ID_SHELL_SESSION_DURATION, &histogram_bounds_session,
			 ROLE_SHELL, ROLE_SHELL + 1, 9, ROLE_SHELL);
	collection_free(collection);
}

/* A stream that was asked for and refused never was a session, but is an error. */
Test(metric_collect_sessions, log_streams)
{
	struct collection *collection = collect_with(INSTR_LOG_STREAMS);
	const struct metric_set *set = collection->set;

	cr_assert_eq(set->metric_count, 5);
	assert_value(set, METRIC_ID_LOG_STREAMS_ACTIVE, active(ROLE_LOG_STREAM));
	assert_value(set, METRIC_ID_LOG_STREAMS, 100 * ROLE_LOG_STREAM);
	assert_value(set, METRIC_ID_LOG_STREAM_LINES, 1000 + EVENT_LOG_LINES);
	assert_value(set, METRIC_ID_LOG_STREAM_ERRORS,
		     7 * ROLE_LOG_STREAM + 1000 + EVENT_LOG_STREAM_REFUSED);
	assert_histogram(set, METRIC_ID_LOG_STREAM_DURATION, &histogram_bounds_session,
			 ROLE_LOG_STREAM, ROLE_LOG_STREAM + 1, 9, ROLE_LOG_STREAM);
	collection_free(collection);
}

Test(metric_collect_sessions, compose_tasks)
{
	struct collection *collection = collect_with(INSTR_COMPOSE_TASKS);
	const struct metric_set *set = collection->set;

	cr_assert_eq(set->metric_count, 5);
	assert_value(set, METRIC_ID_TASKS_ACTIVE, active(ROLE_COMPOSE_TASK));
	assert_value(set, METRIC_ID_TASKS, 100 * ROLE_COMPOSE_TASK);
	assert_value(set, METRIC_ID_TASK_FAILURES, 7 * ROLE_COMPOSE_TASK);
	assert_value(set, METRIC_ID_TASK_OUTPUT_LINES, 1000 + EVENT_TASK_OUTPUT_LINES);
	assert_histogram(set, METRIC_ID_TASK_DURATION, &histogram_bounds_session, ROLE_COMPOSE_TASK,
			 ROLE_COMPOSE_TASK + 1, 9, ROLE_COMPOSE_TASK);
	collection_free(collection);
}

Test(metric_collect_sessions, durations_are_by_the_bounds_that_the_kernel_counted_by)
{
	static const struct {
		enum instrumentation_id signal;
		enum metric_id metric;
		enum task_role role;
	} rows[] = {
		{INSTR_SHELL_SESSIONS, METRIC_ID_SHELL_SESSION_DURATION, ROLE_SHELL},
		{INSTR_LOG_STREAMS, METRIC_ID_LOG_STREAM_DURATION, ROLE_LOG_STREAM},
		{INSTR_COMPOSE_TASKS, METRIC_ID_TASK_DURATION, ROLE_COMPOSE_TASK},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct collection *collection = collection_new();

		count_all(&collection->snapshot->totals);
		collection->snapshot->layout = &histogram_layout_exponential;
		have(collection, rows[i].signal);
		metric_collect_sessions(collection->set, collection->snapshot);
		assert_histogram(collection->set, rows[i].metric,
				 histogram_layout_exponential.sessions, rows[i].role,
				 rows[i].role + 1, 9, rows[i].role);
		collection_free(collection);
	}
}

Test(metric_collect_sessions, what_the_plan_has_no_way_for_is_not_there)
{
	for (int signal = 0; signal < INSTR_COUNT; signal++) {
		struct collection *collection = collect_with((enum instrumentation_id)signal);
		bool is_session = signal == INSTR_WEBSOCKETS || signal == INSTR_SHELL_SESSIONS ||
				  signal == INSTR_LOG_STREAMS || signal == INSTR_COMPOSE_TASKS;

		cr_assert_eq(collection->set->metric_count, is_session ? 5 : 0, "signal %d",
			     signal);
		collection_free(collection);
	}
}

Test(metric_collect_sessions, before_anything_happened_there_are_zeros)
{
	struct collection *collection = collection_new();

	have(collection, INSTR_WEBSOCKETS);
	have(collection, INSTR_SHELL_SESSIONS);
	have(collection, INSTR_LOG_STREAMS);
	have(collection, INSTR_COMPOSE_TASKS);
	metric_collect_sessions(collection->set, collection->snapshot);
	cr_assert_eq(collection->set->metric_count, 20);
	for (const struct metric *metric = collection->set->metrics; metric;
	     metric = metric->next) {
		cr_assert_eq(metric->point_count, 1, "%s", metric->name);
		if (metric->description->kind == METRIC_HISTOGRAM)
			cr_assert_eq(metric->points->histogram.count, 0, "%s", metric->name);
		else
			cr_assert_eq(metric->points->integer, 0, "%s", metric->name);
	}
	collection_free(collection);
}

/* Those from before the attachment end, too: what is active never falls below nothing. */
Test(metric_collect_sessions, sessions_from_before_are_active_until_they_end)
{
	struct collection *collection = collection_new();
	struct session_totals *shells = &collection->snapshot->totals.sessions[ROLE_SHELL];

	collection->snapshot->totals.initial_sessions[ROLE_SHELL] = 2;
	shells->preexisting = 1;
	shells->ended = 3;
	have(collection, INSTR_SHELL_SESSIONS);
	metric_collect_sessions(collection->set, collection->snapshot);
	assert_value(collection->set, METRIC_ID_SHELL_SESSIONS_ACTIVE, 0);
	assert_value(collection->set, METRIC_ID_SHELL_SESSIONS, 0);
	collection_free(collection);
}

/* A stream is a task of its type: of the initial scan, and later, without those that ended. */
Test(metric_collect_sessions, streams_of_task_output)
{
	static struct tokio_task_type types[] = {
		{(char *)"other", TASK_ASYNC, ROLE_NONE},
		{(char *)"a::TaskOutputStreamingService::start_task_output_stream", TASK_ASYNC,
		 ROLE_NONE},
		{(char *)"a::OtherTaskOutputStreamingService::start_task_output_stream", TASK_ASYNC,
		 ROLE_NONE},
	};
	struct collection *collection = collection_new();
	struct snapshot_totals *totals = &collection->snapshot->totals;

	have(collection, INSTR_TOKIO_TASKS);
	collection->plan.tokio.task_types = types;
	collection->plan.tokio.task_type_count = 1;
	metric_collect_sessions(collection->set, collection->snapshot);
	cr_assert_eq(collection->set->metric_count, 0);
	collection->plan.tokio.task_type_count = ARRAY_SIZE(types);
	totals->initial_tasks[1] = 2;
	totals->tasks[1].started = 10;
	totals->tasks[1].ended = 7;
	totals->tasks[2].started = 100;
	metric_collect_sessions(collection->set, collection->snapshot);
	cr_assert_eq(collection->set->metric_count, 2);
	assert_value(collection->set, METRIC_ID_TASK_OUTPUT_STREAMS, 10);
	assert_value(collection->set, METRIC_ID_TASK_OUTPUT_STREAMS_ACTIVE, 5);
	collection_free(collection);
}
