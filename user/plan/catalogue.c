// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/catalogue.h"

#include "elf/code.h"

const struct catalogue_hook catalogue_hooks[HOOK_COUNT] = {
	[HOOK_POLL_START] =
		{
			.hook = HOOK_POLL_START,
			.name = "poll_start",
			.program = "on_poll_start",
			.path = "tokio::runtime::task::state::State::transition_to_running",
			.keep = CODE_REGISTER_RDI,
		},
	[HOOK_POLL_IDLE] =
		{
			.hook = HOOK_POLL_IDLE,
			.name = "poll_idle",
			.program = "on_poll_idle",
			.path = "tokio::runtime::task::state::State::transition_to_idle",
			.keep = CODE_REGISTER_RDI,
			/* Its compare-and-swap loop may pass the site again: that finds no poll to end. */
			.repeat_ok = 1,
		},
	[HOOK_TASK_COMPLETE] =
		{
			.hook = HOOK_TASK_COMPLETE,
			.name = "task_complete",
			.program = "on_task_complete",
			.path = "tokio::runtime::task::state::State::transition_to_complete",
			.keep = CODE_REGISTER_RDI,
		},
	[HOOK_HTTP_PARSE] =
		{
			.hook = HOOK_HTTP_PARSE,
			.name = "http_parse",
			.program = "on_http_parse",
			.path = "<hyper::proto::h1::role::Server as "
				"hyper::proto::h1::Http1Transaction>::parse",
			.keep = CODE_REGISTER_RSI,
		},
	[HOOK_HTTP_ROUTE] =
		{
			.hook = HOOK_HTTP_ROUTE,
			.name = "http_route",
			.program = "on_http_route",
			.path = "core::ptr::drop_in_place<axum::extract::matched_path::"
				"MatchedPath>",
			.keep = CODE_REGISTER_RDI,
		},
	[HOOK_HTTP_ENCODE] =
		{
			.hook = HOOK_HTTP_ENCODE,
			.name = "http_encode",
			.program = "on_http_encode",
			.path = "<hyper::proto::h1::role::Server as "
				"hyper::proto::h1::Http1Transaction>::encode",
			.keep = CODE_REGISTER_RSI | CODE_REGISTER_RDX,
		},
	[HOOK_HTTP2_STREAM] =
		{
			.hook = HOOK_HTTP2_STREAM,
			.name = "http2_stream",
			.program = "on_http2_stream",
			.path = "h2::proto::streams::recv::Recv::open",
		},
	[HOOK_RSS_STAT] =
		{
			.hook = HOOK_RSS_STAT,
			.name = "rss_stat",
			.program = "on_rss_stat",
		},
};

const struct catalogue_signal catalogue_signals[SIGNAL_COUNT] = {
	[SIGNAL_HTTP_REQUESTS] = {SIGNAL_HTTP_REQUESTS, "http requests",
				  "http_requests_total, http_request_duration_seconds, "
				  "http_requests_active, server spans"},
	[SIGNAL_HTTP_ROUTES] = {SIGNAL_HTTP_ROUTES, "http routes",
				"attribute path of the request metrics, names of server spans"},
	[SIGNAL_TOKIO_POLLS] = {SIGNAL_TOKIO_POLLS, "tokio polls",
				"tokio_poll_count_total, tokio_poll_duration_seconds, "
				"tokio_slow_poll_count_total"},
	[SIGNAL_TOKIO_TASKS] = {SIGNAL_TOKIO_TASKS, "tokio tasks", "tokio_tasks_active"},
	[SIGNAL_TOKIO_WORKERS] = {SIGNAL_TOKIO_WORKERS, "tokio workers", "tokio_workers_count"},
	[SIGNAL_MEMORY] = {SIGNAL_MEMORY, "memory", "memory_rss_bytes, memory_virtual_bytes"},
	[SIGNAL_MEMORY_PEAK] = {SIGNAL_MEMORY_PEAK, "memory peak", "memory_rss_peak_bytes"},
	[SIGNAL_WEBSOCKETS] = {SIGNAL_WEBSOCKETS, "websockets",
			       "websocket_*, websocket_connection spans"},
	[SIGNAL_SHELL_SESSIONS] = {SIGNAL_SHELL_SESSIONS, "shell sessions",
				   "shell_session*, shell_session_handler spans"},
	[SIGNAL_LOG_STREAMS] = {SIGNAL_LOG_STREAMS, "log streams",
				"log_stream*, log_stream_handler spans"},
	[SIGNAL_COMPOSE_TASKS] = {SIGNAL_COMPOSE_TASKS, "compose tasks",
				  "tasks_*, task_*, compose_task spans"},
	[SIGNAL_APPLICATIONS] = {SIGNAL_APPLICATIONS, "applications", "apps_*, app_*"},
	[SIGNAL_TOKIO_SCHEDULING] = {SIGNAL_TOKIO_SCHEDULING, "tokio scheduling",
				     "tokio_scheduled_count_total, tokio_tasks_dropped_total, "
				     "tokio_idle_duration_seconds, "
				     "tokio_first_poll_delay_seconds"},
	[SIGNAL_OAUTH_AND_RATE_LIMITS] = {SIGNAL_OAUTH_AND_RATE_LIMITS, "oauth and rate limits",
					  "oauth_*, rate_limit_*"},
};

#define STATE_HOOKS                                                 \
	{                                                           \
		HOOK_POLL_START, HOOK_POLL_IDLE, HOOK_TASK_COMPLETE \
	}

const struct catalogue_way catalogue_ways[] = {
	{
		.signal = SIGNAL_HTTP_REQUESTS,
		.name = "hyper's parse and encode within tokio's polls",
		.needs = NEED_UPROBE,
		/* With these, the state hooks of the polls: a connection is a task. */
		.hooks = {HOOK_HTTP_PARSE, HOOK_HTTP_ENCODE},
		.hook_count = 2,
		.watches = {HOOK_HTTP2_STREAM},
		.watch_count = 1,
		.path = "tokio::runtime::task::state::State::transition_to_running",
	},
	{
		.signal = SIGNAL_HTTP_ROUTES,
		.name = "the end of axum's MatchedPath",
		.needs = NEED_UPROBE,
		.hooks = {HOOK_HTTP_ROUTE},
		.hook_count = 1,
		.path = "<hyper::proto::h1::role::Server as "
			"hyper::proto::h1::Http1Transaction>::parse",
	},
	{
		.signal = SIGNAL_TOKIO_POLLS,
		.name = "tokio's state transitions",
		.needs = NEED_UPROBE,
		.hooks = STATE_HOOKS,
		.hook_count = 3,
	},
	{
		.signal = SIGNAL_TOKIO_TASKS,
		.name = "tokio's state transitions, and a census of the heap at the start",
		.needs = NEED_UPROBE,
		.hooks = STATE_HOOKS,
		.hook_count = 3,
		.path = "tokio::runtime::task::raw::poll",
	},
	{
		.signal = SIGNAL_TOKIO_WORKERS,
		.name = "threads with tokio's worker loop on their stack",
		.path = "tokio::runtime::scheduler::multi_thread::worker::run",
	},
	{
		.signal = SIGNAL_MEMORY,
		.name = "/proc/PID/statm at each collection",
	},
	{
		.signal = SIGNAL_MEMORY_PEAK,
		.name = "tracepoint kmem:rss_stat",
		.needs = NEED_RSS_STAT,
		.hooks = {HOOK_RSS_STAT},
		.hook_count = 1,
	},
};
const size_t catalogue_way_count = sizeof(catalogue_ways) / sizeof(catalogue_ways[0]);
