// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/array.h"
#include "plan/catalogue.h"
#include "plan/paths.h"

#define HOOKS(...) \
	.hooks = {__VA_ARGS__}, .hook_count = sizeof((enum hook[]){__VA_ARGS__}) / sizeof(enum hook)
#define OPTIONAL_HOOKS(...)              \
	.optional_hooks = {__VA_ARGS__}, \
	.optional_hook_count = sizeof((enum hook[]){__VA_ARGS__}) / sizeof(enum hook)

const struct catalogue_strategy catalogue_strategies[] = {
	{
		.id = INSTR_HTTP_REQUESTS,
		.name = "hyper's parse and encode within tokio's polls",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_HTTP_PARSE, HOOK_HTTP_ENCODE),
		OPTIONAL_HOOKS(HOOK_HTTP2_STREAM, HOOK_HTTP_ERROR, HOOK_PANIC),
	},
	{
		.id = INSTR_HTTP_ROUTES,
		.name = "axum's match of a request, and the paths of its router",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_HTTP_MATCH),
		.path = HTTP1 "parse",
	},
	{
		.id = INSTR_HTTP_ROUTES,
		.name = "the drop of axum's MatchedPath",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_HTTP_ROUTE),
		.path = HTTP1 "parse",
	},
	{
		.id = INSTR_CLIENT_ADDRESSES,
		.name = "the TcpStream or UnixStream inside hyper's connection, unless boxed",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_HTTP_PARSE),
	},
	{
		.id = INSTR_WEBSOCKETS,
		.name = "tungstenite's frames",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_FRAME_IN, HOOK_FRAME_OUT),
		OPTIONAL_HOOKS(HOOK_WEBSOCKET_OPEN, HOOK_MESSAGE_QUEUE),
	},
	{
		.id = INSTR_WEBSOCKETS,
		.name = "tungstenite's messages in and frames out",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_WEBSOCKET_OPEN, HOOK_TEXT_IN, HOOK_FRAGMENTS_IN, HOOK_FRAME_OUT),
		OPTIONAL_HOOKS(HOOK_MESSAGE_QUEUE),
	},
	{
		.id = INSTR_SHELL_SESSIONS,
		.name = "the session's task, and its messages as they are queued or sent",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_FRAME_OUT),
		OPTIONAL_HOOKS(HOOK_MESSAGE_QUEUE, HOOK_SHELL_AUDIT, HOOK_DOCKER_ERROR),
		.role = ROLE_SHELL,
	},
	{
		.id = INSTR_LOG_STREAMS,
		.name = "the stream's task, its messages, and the requests of clients",
		.needs = NEED_UPROBE | NEED_POLLS | NEED_WEBSOCKETS | NEED_SPAWNS,
		HOOKS(HOOK_FRAME_OUT),
		OPTIONAL_HOOKS(HOOK_MESSAGE_QUEUE),
		.role = ROLE_LOG_STREAM,
	},
	{
		.id = INSTR_COMPOSE_TASKS,
		.name = "the state machine's task, its result, and the frames of its output",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_FRAME_OUT),
		.role = ROLE_COMPOSE_TASK,
	},
	{
		.id = INSTR_APPLICATIONS,
		.name = "the tasks of checks, and the results of AppData::new",
		.needs = NEED_UPROBE | NEED_POLLS | NEED_SPAWNS,
		HOOKS(HOOK_APP_NEW),
		OPTIONAL_HOOKS(HOOK_APP_CHECK, HOOK_APP_REMOVED),
		.role = ROLE_APP_CHECK,
	},
	{
		.id = INSTR_APP_STATUSES,
		.name = "the status that AppData::new and a check's task store",
		.needs = NEED_APPLICATIONS | NEED_STATUS_OFFSET,
		HOOKS(HOOK_APP_NEW),
	},
	{
		.id = INSTR_OAUTH_FLOWS,
		.name = "Scotty's recorder",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_OAUTH_DEVICE_FLOW, HOOK_OAUTH_WEB_FLOW, HOOK_OAUTH_VALIDATION),
		OPTIONAL_HOOKS(HOOK_OAUTH_FLOW_FAILURE),
	},
	{
		.id = INSTR_OAUTH_SESSIONS,
		.name = "Scotty's recorder",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_OAUTH_DEVICE_SESSIONS, HOOK_OAUTH_WEB_SESSIONS, HOOK_OAUTH_EXPIRED),
	},
	{
		.id = INSTR_OAUTH_SESSIONS,
		.name = "the maps that Scotty counts and cleans up for its recorder",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_OAUTH_SAMPLE, HOOK_OAUTH_CLEANUP, HOOK_OAUTH_CLEANED),
		.path = RECORD "rate_limit_allowed",
	},
	{
		.id = INSTR_RATE_LIMITS,
		.name = "Scotty's recorder",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_RATE_LIMIT_ALLOWED, HOOK_RATE_LIMIT_DENIED),
		OPTIONAL_HOOKS(HOOK_RATE_LIMIT_ERROR),
	},
	{
		.id = INSTR_TOKIO_POLLS,
		.name = "tokio's state transitions",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_POLL_START, HOOK_POLL_IDLE, HOOK_TASK_COMPLETE),
	},
	{
		.id = INSTR_TOKIO_POLLS,
		.name = "calls and returns of tasks' poll functions",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_RAW_POLL, HOOK_RAW_POLL_RETURN, HOOK_TASK_COMPLETE),
	},
	{
		.id = INSTR_TOKIO_TASKS,
		.name = "tokio's own counters; the polls and ends of tasks, and an initial scan of "
			"the heap",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_TASK_COMPLETE),
		OPTIONAL_HOOKS(HOOK_TASK_SPAWN),
		.path = "tokio::runtime::task::raw::poll",
	},
	{
		.id = INSTR_TOKIO_SCHEDULING,
		.name = "the function that puts a task into a run queue",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_TASK_SCHEDULE),
		OPTIONAL_HOOKS(HOOK_SCHEDULE_SINGLE),
	},
	{
		.id = INSTR_TOKIO_SCHEDULING,
		.name = "the two functions that put a task into a run queue",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_SCHEDULE_LOCAL, HOOK_SCHEDULE_REMOTE),
		OPTIONAL_HOOKS(HOOK_SCHEDULE_SINGLE),
	},
	{
		.id = INSTR_TOKIO_SCHEDULING,
		.name = "the function that puts a task of a current-thread runtime into its queue",
		.needs = NEED_UPROBE | NEED_POLLS | NEED_NO_MULTI_THREAD,
		HOOKS(HOOK_SCHEDULE_SINGLE),
	},
	{
		.id = INSTR_TOKIO_WORKERS,
		.name = "tokio's own counters, or threads with tokio's worker loop on their stack",
		.path = WORKER_LOOP,
	},
	{
		.id = INSTR_TOKIO_WORKERS,
		.name = "tokio's own counters in the server's memory",
		.path = "tokio::runtime::task::raw::poll",
	},
	{
		.id = INSTR_MEMORY,
		.name = "/proc/PID/statm at each collection",
	},
	{
		.id = INSTR_MEMORY_PEAK,
		.name = "tracepoint kmem:rss_stat",
		.needs = NEED_RSS_STAT,
		HOOKS(HOOK_RSS_STAT),
	},
};
const size_t catalogue_strategy_count = ARRAY_SIZE(catalogue_strategies);

_Static_assert(ARRAY_SIZE(catalogue_strategies) <= CATALOGUE_STRATEGY_LIMIT,
	       "the plan has a member for each strategy");
