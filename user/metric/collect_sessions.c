// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>

#include "metric/collect_internal.h"
#include "tokio/task_type.h"

/* Sessions of a role that are running, those from before the attachment included. */
static uint64_t active(const struct snapshot_totals *totals, enum task_role role)
{
	const struct session_totals *sessions = &totals->sessions[role];

	return totals->initial_sessions[role] + sessions->preexisting + sessions->started -
	       sessions->ended;
}

static void collect_websockets(struct metric_set *set, const struct snapshot *snapshot)
{
	metric_add_count(set, METRIC_ID_WEBSOCKET_CONNECTIONS_ACTIVE,
			 active(&snapshot->totals, ROLE_WEBSOCKET));
	metric_add_count(set, METRIC_ID_WEBSOCKET_CONNECTIONS,
			 snapshot->totals.sessions[ROLE_WEBSOCKET].started);
	metric_add_count(set, METRIC_ID_WEBSOCKET_MESSAGES_SENT,
			 snapshot->totals.counters.events[EVENT_MESSAGES_SENT]);
	metric_add_count(set, METRIC_ID_WEBSOCKET_MESSAGES_RECEIVED,
			 snapshot->totals.counters.events[EVENT_MESSAGES_RECEIVED]);
	metric_add_count(set, METRIC_ID_WEBSOCKET_AUTH_FAILURES,
			 snapshot->totals.counters.events[EVENT_AUTHENTICATION_FAILED]);
}

static void collect_shells(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct session_totals *shells = &snapshot->totals.sessions[ROLE_SHELL];

	metric_add_count(set, METRIC_ID_SHELL_SESSIONS_ACTIVE,
			 active(&snapshot->totals, ROLE_SHELL));
	metric_add_count(set, METRIC_ID_SHELL_SESSIONS, shells->started);
	metric_add_histogram(set, METRIC_ID_SHELL_SESSION_DURATION, &shells->durations,
			     snapshot->layout->sessions);
	metric_add_count(set, METRIC_ID_SHELL_SESSION_ERRORS, shells->failed);
	metric_add_count(set, METRIC_ID_SHELL_SESSION_TIMEOUTS, shells->timed_out);
}

static void collect_log_streams(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct session_totals *streams = &snapshot->totals.sessions[ROLE_LOG_STREAM];

	metric_add_count(set, METRIC_ID_LOG_STREAMS_ACTIVE,
			 active(&snapshot->totals, ROLE_LOG_STREAM));
	metric_add_count(set, METRIC_ID_LOG_STREAMS, streams->started);
	metric_add_histogram(set, METRIC_ID_LOG_STREAM_DURATION, &streams->durations,
			     snapshot->layout->sessions);
	metric_add_count(set, METRIC_ID_LOG_STREAM_LINES,
			 snapshot->totals.counters.events[EVENT_LOG_LINES]);
	metric_add_count(set, METRIC_ID_LOG_STREAM_ERRORS,
			 streams->failed +
				 snapshot->totals.counters.events[EVENT_LOG_STREAM_REFUSED]);
}

static void collect_compose_tasks(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct session_totals *tasks = &snapshot->totals.sessions[ROLE_COMPOSE_TASK];

	metric_add_count(set, METRIC_ID_TASKS_ACTIVE, active(&snapshot->totals, ROLE_COMPOSE_TASK));
	metric_add_count(set, METRIC_ID_TASKS, tasks->started);
	metric_add_histogram(set, METRIC_ID_TASK_DURATION, &tasks->durations,
			     snapshot->layout->sessions);
	metric_add_count(set, METRIC_ID_TASK_FAILURES, tasks->failed);
	metric_add_count(set, METRIC_ID_TASK_OUTPUT_LINES,
			 snapshot->totals.counters.events[EVENT_TASK_OUTPUT_LINES]);
}

/* The type of the tasks that Scotty spawns for the streams. */
#define OUTPUT_STREAM "TaskOutputStreamingService::start_task_output_stream"

/* A stream is a task of a type of its own, and no session: its counts are those of the task type. */
static void collect_output_streams(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct tokio *tokio = &snapshot->plan->tokio;
	uint64_t started = 0, running = 0;
	bool is_known = false;

	for (size_t i = 0; i < tokio->task_type_count; i++) {
		const struct task_totals *tasks = &snapshot->totals.tasks[i];

		if (!task_type_ends_with(tokio->task_types[i].name, OUTPUT_STREAM))
			continue;
		is_known = true;
		started += tasks->started;
		running += snapshot->totals.initial_tasks[i] + tasks->started - tasks->ended;
	}
	if (!is_known)
		return;
	metric_add_count(set, METRIC_ID_TASK_OUTPUT_STREAMS_ACTIVE, running);
	metric_add_count(set, METRIC_ID_TASK_OUTPUT_STREAMS, started);
}

void metric_collect_sessions(struct metric_set *set, const struct snapshot *snapshot)
{
	if (plan__has(snapshot->plan, INSTR_WEBSOCKETS))
		collect_websockets(set, snapshot);
	if (plan__has(snapshot->plan, INSTR_SHELL_SESSIONS))
		collect_shells(set, snapshot);
	if (plan__has(snapshot->plan, INSTR_LOG_STREAMS))
		collect_log_streams(set, snapshot);
	if (plan__has(snapshot->plan, INSTR_COMPOSE_TASKS))
		collect_compose_tasks(set, snapshot);
	if (plan__has(snapshot->plan, INSTR_TOKIO_TASKS))
		collect_output_streams(set, snapshot);
}
