/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_DESCRIPTIONS_H
#define SCOTTYSCOPE_METRIC_DESCRIPTIONS_H

/* Every metric, once: identifier, OpenTelemetry name, the name that Scotty 0.3 itself gives the
 * metric where the names differ, unit, kind, keys of the attributes (separated by spaces), help. The
 * Prometheus name follows from name, unit and kind. The metrics of oauth and rate_limit are the ones
 * that the recorder of Scotty 0.3.3 emits. Everything that lists metrics (documentation, dashboards,
 * `scottyscope metrics`) reads this list. */

#include "metric/description.h"
#include "metric/descriptions_tool.h"

#define SAME	  NULL /* Scotty 0.3 has the same name, or does not have the metric. */
#define UNLABELED ""   /* The metric has no attributes. */

#define METRIC_LIST(X) METRIC_LIST_SERVER(X) METRIC_LIST_TOOL(X)

#define METRIC_LIST_SERVER(X)                                          \
	X(UP, "scotty.up", SAME, "{process}", METRIC_GAUGE, UNLABELED, \
	  "Whether the observed process is running and attached to.")  \
	METRIC_LIST_HTTP(X)                                            \
	METRIC_LIST_WEBSOCKET(X)                                       \
	METRIC_LIST_SESSIONS(X)                                        \
	METRIC_LIST_APPS(X)                                            \
	METRIC_LIST_MEMORY(X)                                          \
	METRIC_LIST_TOKIO(X)                                           \
	METRIC_LIST_OAUTH(X)                                           \
	METRIC_LIST_RATE_LIMIT(X)

#define METRIC_LIST_HTTP(X)                                                                   \
	X(HTTP_REQUESTS, "scotty.http.requests", "scotty.http.requests.total", "{request}",   \
	  METRIC_COUNTER, "method path status",                                               \
	  "HTTP requests answered, or aborted by their client or a panic.")                   \
	X(HTTP_REQUEST_DURATION, "scotty.http.request.duration", SAME, "s", METRIC_HISTOGRAM, \
	  "method path status", "Time from a whole request head to its response head.")       \
	X(HTTP_REQUESTS_ACTIVE, "scotty.http.requests.active", SAME, "{request}",             \
	  METRIC_UP_DOWN_COUNTER, UNLABELED, "HTTP requests that have no response yet.")

#define METRIC_LIST_WEBSOCKET(X)                                                                \
	X(WEBSOCKET_CONNECTIONS_ACTIVE, "scotty.websocket.connections.active",                  \
	  "scotty.websocket.connections", "{connection}", METRIC_GAUGE, UNLABELED,              \
	  "Websocket connections open.")                                                        \
	X(WEBSOCKET_CONNECTIONS, "scotty.websocket.connections",                                \
	  "scotty.websocket.connections.total", "{connection}", METRIC_COUNTER, UNLABELED,      \
	  "Websocket connections opened.")                                                      \
	X(WEBSOCKET_MESSAGES_SENT, "scotty.websocket.messages_sent", SAME, "{message}",         \
	  METRIC_COUNTER, UNLABELED, "Text messages sent to clients.")                          \
	X(WEBSOCKET_MESSAGES_RECEIVED, "scotty.websocket.messages_received", SAME, "{message}", \
	  METRIC_COUNTER, UNLABELED, "Text messages received from clients.")                    \
	X(WEBSOCKET_AUTH_FAILURES, "scotty.websocket.auth_failures", SAME, "{failure}",         \
	  METRIC_COUNTER, UNLABELED, "Websocket clients whose authentication failed.")

#define METRIC_LIST_SESSIONS(X)                                                                   \
	X(SHELL_SESSIONS_ACTIVE, "scotty.shell_sessions.active", SAME, "{session}", METRIC_GAUGE, \
	  UNLABELED, "Shell sessions running.")                                                   \
	X(SHELL_SESSIONS, "scotty.shell_sessions", "scotty.shell_sessions.total", "{session}",    \
	  METRIC_COUNTER, UNLABELED, "Shell sessions started.")                                   \
	X(SHELL_SESSION_DURATION, "scotty.shell_session.duration", SAME, "s", METRIC_HISTOGRAM,   \
	  UNLABELED, "Start to end of a shell session, however it ends.")                         \
	X(SHELL_SESSION_ERRORS, "scotty.shell_session.errors", SAME, "{error}", METRIC_COUNTER,   \
	  UNLABELED, "Shell sessions that ended by an error.")                                    \
	X(SHELL_SESSION_TIMEOUTS, "scotty.shell_session.timeouts", SAME, "{timeout}",             \
	  METRIC_COUNTER, UNLABELED, "Shell sessions that ended by their time limit.")            \
	X(LOG_STREAMS_ACTIVE, "scotty.log_streams.active", SAME, "{stream}", METRIC_GAUGE,        \
	  UNLABELED, "Log streams running.")                                                      \
	X(LOG_STREAMS, "scotty.log_streams", "scotty.log_streams.total", "{stream}",              \
	  METRIC_COUNTER, UNLABELED, "Log streams started.")                                      \
	X(LOG_STREAM_DURATION, "scotty.log_stream.duration", SAME, "s", METRIC_HISTOGRAM,         \
	  UNLABELED, "Start to end of a log stream, however it ends.")                            \
	X(LOG_STREAM_LINES, "scotty.log_stream.lines", SAME, "{line}", METRIC_COUNTER, UNLABELED, \
	  "Lines of log streams sent to clients.")                                                \
	X(LOG_STREAM_ERRORS, "scotty.log_stream.errors", SAME, "{error}", METRIC_COUNTER,         \
	  UNLABELED, "Log streams refused or failed.")                                            \
	X(TASKS_ACTIVE, "scotty.tasks.active", SAME, "{task}", METRIC_GAUGE, UNLABELED,           \
	  "Compose tasks running.")                                                               \
	X(TASKS, "scotty.tasks", "scotty.tasks.total", "{task}", METRIC_COUNTER, UNLABELED,       \
	  "Compose tasks started.")                                                               \
	X(TASK_DURATION, "scotty.task.duration", SAME, "s", METRIC_HISTOGRAM, UNLABELED,          \
	  "Start to end of a compose task.")                                                      \
	X(TASK_FAILURES, "scotty.task.failures", SAME, "{failure}", METRIC_COUNTER, UNLABELED,    \
	  "Compose tasks that failed.")                                                           \
	X(TASK_OUTPUT_LINES, "scotty.task.output_lines", SAME, "{line}", METRIC_COUNTER,          \
	  UNLABELED, "Lines of compose tasks' output sent to clients.")                           \
	X(TASK_OUTPUT_STREAMS_ACTIVE, "scotty.task_output_streams.active", SAME, "{stream}",      \
	  METRIC_GAUGE, UNLABELED, "Streams of compose tasks' output running.")                   \
	X(TASK_OUTPUT_STREAMS, "scotty.task_output_streams", "scotty.task_output_streams.total",  \
	  "{stream}", METRIC_COUNTER, UNLABELED, "Streams of compose tasks' output started.")

#define METRIC_LIST_APPS(X)                                                                        \
	X(APPS, "scotty.apps.total", SAME, "{app}", METRIC_GAUGE, UNLABELED,                       \
	  "Applications managed.")                                                                 \
	X(APPS_BY_STATUS, "scotty.apps.by_status", SAME, "{app}", METRIC_GAUGE, "status",          \
	  "Applications managed, by status.")                                                      \
	X(APP_SERVICES, "scotty.app.services.count", SAME, "{service}", METRIC_HISTOGRAM,          \
	  UNLABELED, "Services of each application at each check.")                                \
	X(APP_LAST_CHECK_AGE, "scotty.app.last_check.age", SAME, "s", METRIC_HISTOGRAM, UNLABELED, \
	  "Time since the last check of each application, at each look at it.")

#define METRIC_LIST_MEMORY(X)                                                             \
	X(MEMORY_RSS, "scotty.memory.rss", "scotty.memory.rss_bytes", "By", METRIC_GAUGE, \
	  UNLABELED, "Resident memory.")                                                  \
	X(MEMORY_VIRTUAL, "scotty.memory.virtual", "scotty.memory.virtual_bytes", "By",   \
	  METRIC_GAUGE, UNLABELED, "Virtual memory.")                                     \
	X(MEMORY_RSS_PEAK, "scotty.memory.rss.peak", SAME, "By", METRIC_GAUGE, UNLABELED, \
	  "Highest resident memory since the reader's previous scrape or export.")

#define METRIC_LIST_TOKIO(X)                                                                       \
	X(TOKIO_WORKERS, "scotty.tokio.workers.count", SAME, "{thread}", METRIC_GAUGE, UNLABELED,  \
	  "Worker threads of the tokio runtime.")                                                  \
	X(TOKIO_TASKS_ACTIVE, "scotty.tokio.tasks.active", SAME, "{task}", METRIC_GAUGE,           \
	  UNLABELED, "Tokio tasks alive.")                                                         \
	X(TOKIO_TASKS_DROPPED, "scotty.tokio.tasks.dropped", SAME, "{task}", METRIC_COUNTER,       \
	  UNLABELED, "Tokio tasks that ended.")                                                    \
	X(TOKIO_POLL_COUNT, "scotty.tokio.poll.count", SAME, "{poll}", METRIC_COUNTER, UNLABELED,  \
	  "Polls of all tokio tasks.")                                                             \
	X(TOKIO_POLL_DURATION, "scotty.tokio.poll.duration", SAME, "s", METRIC_HISTOGRAM,          \
	  UNLABELED, "Duration of every poll of every tokio task.")                                \
	X(TOKIO_SLOW_POLL_COUNT, "scotty.tokio.slow.poll.count", "scotty.tokio.poll.slow_count",   \
	  "{poll}", METRIC_COUNTER, UNLABELED,                                                     \
	  "Polls that took longer than the slow-poll threshold.")                                  \
	X(TOKIO_SCHEDULED_COUNT, "scotty.tokio.scheduled.count", SAME, "{wakeup}", METRIC_COUNTER, \
	  UNLABELED, "How often tokio tasks were scheduled to be polled.")                         \
	X(TOKIO_IDLE_DURATION, "scotty.tokio.idle.duration", SAME, "s", METRIC_HISTOGRAM,          \
	  UNLABELED, "Time from the end of a poll to the next wake-up of the task.")               \
	X(TOKIO_FIRST_POLL_DELAY, "scotty.tokio.first_poll.delay", SAME, "s", METRIC_HISTOGRAM,    \
	  UNLABELED, "Time from the spawn of a tokio task to its first poll.")                     \
	X(TOKIO_BLOCKING_RUNS, "scotty.tokio.blocking.runs", SAME, "{run}", METRIC_COUNTER,        \
	  UNLABELED, "Closures that the blocking pool of tokio has finished.")                     \
	X(TOKIO_TASKS_SPAWNED, "scotty.tokio.tasks.spawned", SAME, "{task}", METRIC_COUNTER,       \
	  UNLABELED, "Tokio tasks spawned, by tokio's own counter.")                               \
	X(TOKIO_WORKER_BUSY, "scotty.tokio.worker.busy", SAME, "s", METRIC_COUNTER, "worker",      \
	  "Time for which a worker was not parked, by tokio's own counter. tokio updates the "     \
	  "counter when the worker parks, and every 61 tasks.")                                    \
	X(TOKIO_WORKER_PARKS, "scotty.tokio.worker.parks", SAME, "{park}", METRIC_COUNTER,         \
	  "worker", "How often a worker parked, by tokio's own counter.")                          \
	X(TOKIO_GLOBAL_QUEUE_DEPTH, "scotty.tokio.global_queue.depth", SAME, "{task}",             \
	  METRIC_GAUGE, UNLABELED, "Tasks in the queue that all workers share.")                   \
	X(TOKIO_LOCAL_QUEUE_DEPTH, "scotty.tokio.local_queue.depth", SAME, "{task}", METRIC_GAUGE, \
	  "worker", "Tasks in the queue of a worker.")                                             \
	X(TOKIO_BLOCKING_THREADS, "scotty.tokio.blocking.threads", SAME, "{thread}", METRIC_GAUGE, \
	  UNLABELED, "Threads of the blocking pool, without the workers.")                         \
	X(TOKIO_BLOCKING_IDLE_THREADS, "scotty.tokio.blocking.idle_threads", SAME, "{thread}",     \
	  METRIC_GAUGE, UNLABELED, "Threads of the blocking pool that wait for a closure.")        \
	X(TOKIO_BLOCKING_QUEUE_DEPTH, "scotty.tokio.blocking_queue.depth", SAME, "{closure}",      \
	  METRIC_GAUGE, UNLABELED, "Closures that wait for a thread of the blocking pool.")        \
	X(TOKIO_TASK_POLLS, "scotty.tokio.task.polls", SAME, "{poll}", METRIC_COUNTER, "task",     \
	  "Polls, by kind of task.")                                                               \
	X(TOKIO_TASK_BUSY, "scotty.tokio.task.busy", SAME, "s", METRIC_COUNTER, "task",            \
	  "Time spent in polls, by kind of task.")                                                 \
	X(TOKIO_TASK_ALIVE, "scotty.tokio.task.alive", SAME, "{task}", METRIC_GAUGE, "task",       \
	  "Tokio tasks alive, by kind of task.")

#define METRIC_LIST_OAUTH(X)                                                                     \
	X(OAUTH_DEVICE_FLOW_SESSIONS_ACTIVE, "scotty.oauth.device_flow_sessions.active", SAME,   \
	  "{session}", METRIC_GAUGE, UNLABELED, "OAuth sessions of the device flow.")            \
	X(OAUTH_WEB_FLOW_SESSIONS_ACTIVE, "scotty.oauth.web_flow_sessions.active", SAME,         \
	  "{session}", METRIC_GAUGE, UNLABELED, "OAuth sessions of the web flow.")               \
	X(OAUTH_SESSIONS_EXPIRED_CLEANED, "scotty.oauth.sessions.expired_cleaned", SAME,         \
	  "{session}", METRIC_COUNTER, UNLABELED, "Expired OAuth sessions removed.")             \
	X(OAUTH_DEVICE_FLOWS, "scotty.oauth.device_flows.total", SAME, "{flow}", METRIC_COUNTER, \
	  UNLABELED, "OAuth device flows started.")                                              \
	X(OAUTH_WEB_FLOWS, "scotty.oauth.web_flows.total", SAME, "{flow}", METRIC_COUNTER,       \
	  UNLABELED, "OAuth web flows started.")                                                 \
	X(OAUTH_FLOW_FAILURES, "scotty.oauth.flows.failures", SAME, "{failure}", METRIC_COUNTER, \
	  UNLABELED, "OAuth flows that failed.")                                                 \
	X(OAUTH_TOKEN_VALIDATIONS, "scotty.oauth.token_validations.total", SAME, "{validation}", \
	  METRIC_COUNTER, UNLABELED, "Validations of OAuth tokens.")                             \
	X(OAUTH_TOKEN_VALIDATION_DURATION, "scotty.oauth.token_validation.duration", SAME, "s",  \
	  METRIC_HISTOGRAM, UNLABELED, "Duration of a validation of an OAuth token.")            \
	X(OAUTH_TOKEN_VALIDATION_FAILURES, "scotty.oauth.token_validations.failures", SAME,      \
	  "{failure}", METRIC_COUNTER, UNLABELED, "Validations of OAuth tokens that failed.")

#define METRIC_LIST_RATE_LIMIT(X)                                                             \
	X(RATE_LIMIT_REQUESTS, "scotty.rate_limit.requests.total", SAME, "{request}",         \
	  METRIC_COUNTER, "tier decision", "Requests that a rate limit decided on.")          \
	X(RATE_LIMIT_EXTRACTOR_ERRORS, "scotty.rate_limit.extractor.errors", SAME, "{error}", \
	  METRIC_COUNTER, UNLABELED, "Requests without a key for the rate limit.")

/* X(key, the key that Scotty 0.3 has, what the value says): the attributes of these metrics. */
#define METRIC_ATTRIBUTE_LIST(X)                                                                   \
	X("method", SAME, "of a request: the HTTP method")                                         \
	X("path", "route",                                                                         \
	  "of a request: the route template; `/unmatched` where none matched, `/unknown` where "   \
	  "the template could not be read")                                                        \
	X("status", SAME,                                                                          \
	  "of a request: the status code; of `scotty.apps.by_status`: the "                        \
	  "application's status in lower case")                                                    \
	X("task", SAME, "of `scotty.tokio.task.*`: the async function or type of the task")        \
	X("worker", SAME,                                                                          \
	  "of `scotty.tokio.worker.*` and `scotty.tokio.local_queue.depth`: the "                  \
	  "index of the worker in its runtime")                                                    \
	X("runtime", SAME,                                                                         \
	  "of the tokio metrics of tasks, workers, queues and blocking threads, only where the "   \
	  "process has several runtimes: kind and id of the runtime, such as `multi_thread-1` or " \
	  "`current_thread-2`; `local_set` for the tasks of all LocalSets")                        \
	X("tier", SAME, "of `scotty.rate_limit.requests.total`: the limit")                        \
	X("decision", SAME, "of `scotty.rate_limit.requests.total`: `allowed` or `denied`")        \
	X("hook", SAME, "of `scottyscope.probe.hits`: the hook")                                   \
	X("cause", SAME, "of `scottyscope.lost`: the cause")                                       \
	X("check", SAME, "of `scottyscope.checks`: the result of a check")                         \
	X("kind", SAME, "of `scottyscope.export.items`: `points` or `spans`")                      \
	X("outcome", SAME, "of `scottyscope.scrapes`: `answered` or `failed`")

enum metric_id {
#define X(identifier, name, scotty_name, unit, kind, attributes, help) METRIC_ID_##identifier,
	METRIC_LIST(X)
#undef X
	METRIC_ID_COUNT,
};

extern const struct metric_description metric_descriptions[METRIC_ID_COUNT];

static inline const struct metric_description *metric_describe(enum metric_id id)
{
	return &metric_descriptions[id];
}

#endif
