// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/collect_parts.h"

static void add_count(struct metric_set *set, enum metric_id id, uint64_t count)
{
	metric_set__add_integer(set, metric_describe(id), (int64_t)count);
}

/* Sessions of a role that are running, those from before the attachment included. */
static uint64_t active(const struct probe_totals *totals, enum task_role role)
{
	const struct session_totals *sessions = &totals->sessions[role];

	return totals->census_sessions[role] + sessions->preexisting + sessions->started -
	       sessions->ended;
}

static void collect_websockets(struct metric_set *set, const struct probe_totals *totals)
{
	add_count(set, METRIC_ID_WEBSOCKET_CONNECTIONS_ACTIVE, active(totals, ROLE_WEBSOCKET));
	add_count(set, METRIC_ID_WEBSOCKET_CONNECTIONS, totals->sessions[ROLE_WEBSOCKET].started);
	add_count(set, METRIC_ID_WEBSOCKET_MESSAGES_SENT,
		  totals->counters.events[EVENT_MESSAGES_SENT]);
	add_count(set, METRIC_ID_WEBSOCKET_MESSAGES_RECEIVED,
		  totals->counters.events[EVENT_MESSAGES_RECEIVED]);
	add_count(set, METRIC_ID_WEBSOCKET_AUTH_FAILURES,
		  totals->counters.events[EVENT_AUTHENTICATION_FAILED]);
}

static void collect_shells(struct metric_set *set, const struct probe_totals *totals)
{
	const struct session_totals *shells = &totals->sessions[ROLE_SHELL];

	add_count(set, METRIC_ID_SHELL_SESSIONS_ACTIVE, active(totals, ROLE_SHELL));
	add_count(set, METRIC_ID_SHELL_SESSIONS, shells->started);
	metric_add_histogram(set, METRIC_ID_SHELL_SESSION_DURATION, &shells->durations,
			     totals->histograms->sessions);
	add_count(set, METRIC_ID_SHELL_SESSION_ERRORS, shells->failed);
	add_count(set, METRIC_ID_SHELL_SESSION_TIMEOUTS, shells->timed_out);
}

static void collect_log_streams(struct metric_set *set, const struct probe_totals *totals)
{
	const struct session_totals *streams = &totals->sessions[ROLE_LOG_STREAM];

	add_count(set, METRIC_ID_LOG_STREAMS_ACTIVE, active(totals, ROLE_LOG_STREAM));
	add_count(set, METRIC_ID_LOG_STREAMS, streams->started);
	metric_add_histogram(set, METRIC_ID_LOG_STREAM_DURATION, &streams->durations,
			     totals->histograms->sessions);
	add_count(set, METRIC_ID_LOG_STREAM_LINES, totals->counters.events[EVENT_LOG_LINES]);
	add_count(set, METRIC_ID_LOG_STREAM_ERRORS,
		  streams->failed + totals->counters.events[EVENT_LOG_STREAM_REFUSED]);
}

static void collect_compose_tasks(struct metric_set *set, const struct probe_totals *totals)
{
	const struct session_totals *tasks = &totals->sessions[ROLE_COMPOSE_TASK];

	add_count(set, METRIC_ID_TASKS_ACTIVE, active(totals, ROLE_COMPOSE_TASK));
	add_count(set, METRIC_ID_TASKS, tasks->started);
	metric_add_histogram(set, METRIC_ID_TASK_DURATION, &tasks->durations,
			     totals->histograms->sessions);
	add_count(set, METRIC_ID_TASK_FAILURES, tasks->failed);
	add_count(set, METRIC_ID_TASK_OUTPUT_LINES,
		  totals->counters.events[EVENT_TASK_OUTPUT_LINES]);
}

void metric_collect_sessions(struct metric_set *set, const struct probe_totals *totals,
			     const struct plan *plan)
{
	if (plan->signals[SIGNAL_WEBSOCKETS].way)
		collect_websockets(set, totals);
	if (plan->signals[SIGNAL_SHELL_SESSIONS].way)
		collect_shells(set, totals);
	if (plan->signals[SIGNAL_LOG_STREAMS].way)
		collect_log_streams(set, totals);
	if (plan->signals[SIGNAL_COMPOSE_TASKS].way)
		collect_compose_tasks(set, totals);
}
