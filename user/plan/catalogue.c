// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/catalogue.h"
#include "base/array.h"

#define STATE	  "tokio::runtime::task::state::State::"
#define SCHEDULER "tokio::runtime::scheduler::multi_thread::handle::Handle::"
#define HTTP1	  "<hyper::proto::h1::role::Server as hyper::proto::h1::Http1Transaction>::"
#define FRAMES	  "tungstenite::protocol::frame::frame::"
#define RECORD                                              \
	"<scotty::metrics::otel_recorder::OtelRecorder as " \
	"scotty::metrics::recorder_trait::MetricsRecorder>::record_"
#define CLEANED_MAP (READS(ARGUMENT_CLEANED_MAP) | READS_MEMORY)
#define OAUTH_CLEANUPS                                                                      \
	{                                                                                   \
		{"scotty::oauth::cleanup::cleanup_device_flow_sessions", CLEANED_MAP},      \
			{"scotty::oauth::cleanup::cleanup_web_flow_sessions", CLEANED_MAP}, \
			{"scotty::oauth::cleanup::cleanup_oauth_sessions", CLEANED_MAP},    \
	}

const struct catalogue_hook catalogue_hooks[HOOK_COUNT] = {
	[HOOK_POLL_START] =
		{
			.name = "poll_start",
			.program = "on_poll_start",
			.is_of_polls = true,
			.functions = {{STATE "transition_to_running", READS(ARGUMENT_TASK_HEADER),
				       100}},
		},
	[HOOK_POLL_IDLE] =
		{
			.name = "poll_idle",
			.program = "on_poll_idle",
			.is_of_polls = true,
			/* Futures that never pend do not get there. */
			.functions = {{STATE "transition_to_idle", READS(ARGUMENT_TASK_HEADER),
				       75}},
			/* Its compare-and-swap loop may pass the site again: that finds no poll to end. */
			.repeat_ok = true,
		},
	[HOOK_RAW_POLL] =
		{
			.name = "raw_poll",
			.program = "on_raw_poll",
			.is_of_polls = true,
			/* Its return is told by where the call left the stack. */
			.functions = {{"tokio::runtime::task::raw::poll",
				       READS(ARGUMENT_TASK_HEADER) | READS_STACK_POINTER}},
		},
	[HOOK_RAW_POLL_RETURN] =
		{
			.name = "raw_poll_return",
			.program = "on_raw_poll_return",
			.is_of_polls = true,
			.functions = {{"tokio::runtime::task::raw::poll", 0}},
			.place = PLACE_RETURN,
		},
	[HOOK_TASK_COMPLETE] =
		{
			.name = "task_complete",
			.program = "on_task_complete",
			.functions = {{STATE "transition_to_complete", READS(ARGUMENT_TASK_HEADER),
				       100},
				      {"tokio::runtime::task::harness::Harness::complete",
				       READS(ARGUMENT_TASK_HEADER)}},
		},
	[HOOK_TASK_SPAWN] =
		{
			.name = "task_spawn",
			.program = "on_task_spawn",
			.functions = {{"tokio::runtime::task::list::OwnedTasks::bind_inner",
				       READS(ARGUMENT_BOUND_HEADER)}},
		},
	[HOOK_TASK_SCHEDULE] =
		{
			.name = "task_schedule",
			.program = "on_task_schedule",
			.is_of_polls = true,
			.functions = {{SCHEDULER "schedule_task",
				       READS(ARGUMENT_SCHEDULED_HEADER)}},
		},
	[HOOK_SCHEDULE_LOCAL] =
		{
			.name = "schedule_local",
			.program = "on_schedule_local",
			.is_of_polls = true,
			.functions = {{SCHEDULER "schedule_local", READS(ARGUMENT_LOCAL_HEADER)}},
		},
	[HOOK_SCHEDULE_REMOTE] =
		{
			.name = "schedule_remote",
			.program = "on_schedule_remote",
			.is_of_polls = true,
			.functions = {{SCHEDULER "push_remote_task",
				       READS(ARGUMENT_SCHEDULED_HEADER)}},
		},
	[HOOK_HTTP_PARSE] =
		{
			.name = "http_parse",
			.program = "on_http_parse",
			.functions = {{HTTP1 "parse", READS(ARGUMENT_PARSE_BUFFER)}},
		},
	[HOOK_HTTP_ROUTE] =
		{
			.name = "http_route",
			.program = "on_http_route",
			.functions = {{"core::ptr::drop_in_place<axum::extract::matched_path::"
				       "MatchedPath>",
				       READS(ARGUMENT_MATCHED_PATH)}},
		},
	[HOOK_HTTP_ENCODE] =
		{
			.name = "http_encode",
			.program = "on_http_encode",
			.functions = {{HTTP1 "encode", READS(ARGUMENT_ENCODE_HEAD) |
							       READS(ARGUMENT_ENCODE_OUTPUT)}},
		},
	[HOOK_HTTP2_STREAM] =
		{
			.name = "http2_stream",
			.program = "on_http2_stream",
			.functions = {{"h2::proto::streams::recv::Recv::open", 0}},
		},
	[HOOK_SOCKET_ACCEPT] =
		{
			.name = "socket_accept",
			.program = "on_socket_accept",
		},
	[HOOK_SOCKET_ACCEPTED] =
		{
			.name = "socket_accepted",
			.program = "on_socket_accepted",
		},
	[HOOK_WEBSOCKET_OPEN] =
		{
			.name = "websocket_open",
			.program = "on_websocket_open",
			.functions = {{"tungstenite::protocol::WebSocketContext::new", 0}},
		},
	[HOOK_FRAME_IN] =
		{
			.name = "frame_in",
			.program = "on_frame_in",
			.functions = {{FRAMES "FrameHeader::parse_internal",
				       READS(ARGUMENT_FRAME_CURSOR)},
				      {FRAMES "FrameHeader::parse", READS(ARGUMENT_FRAME_CURSOR)}},
		},
	[HOOK_TEXT_IN] =
		{
			.name = "text_in",
			.program = "on_text_in",
			.functions = {{"<tungstenite::protocol::frame::utf8::Utf8Bytes as "
				       "core::convert::TryFrom>::try_from",
				       READS(ARGUMENT_TEXT_BYTES)}},
		},
	[HOOK_FRAGMENTS_IN] =
		{
			.name = "fragments_in",
			.program = "on_fragments_in",
			.functions =
				{{"tungstenite::protocol::message::IncompleteMessage::complete",
				  READS(ARGUMENT_FRAGMENTS)}},
		},
	[HOOK_FRAME_OUT] =
		{
			.name = "frame_out",
			.program = "on_frame_out",
			.functions = {{FRAMES "Frame::format_into_buf",
				       READS(ARGUMENT_FRAME) | READS(ARGUMENT_FRAME_OUTPUT)}},
		},
	[HOOK_MESSAGE_QUEUE] =
		{
			.name = "message_queue",
			.program = "on_message_queue",
			.functions = {{"tokio::sync::broadcast::Sender::send",
				       READS(ARGUMENT_QUEUED_MESSAGE)}},
		},
	[HOOK_SHELL_AUDIT] =
		{
			.name = "shell_audit",
			.program = "on_shell_audit",
			.functions = {{"scotty::docker::services::shell::audit_log_session_ended",
				       READS(ARGUMENT_AUDIT_REASON) |
					       READS(ARGUMENT_AUDIT_REASON_LENGTH) | READS_MEMORY}},
		},
	[HOOK_DOCKER_ERROR] =
		{
			.name = "docker_error",
			.program = "on_docker_error",
			.functions = {{"<bollard::errors::Error as core::fmt::Display>::fmt", 0}},
		},
	[HOOK_APP_NEW] =
		{
			.name = "app_new",
			.program = "on_app_new",
			.functions = {{"scotty_core::apps::app_data::data::AppData::new",
				       READS_RESULT},
				      {"scotty_core::apps::app_data::AppData::new", READS_RESULT}},
			.place = PLACE_EXITS,
		},
	[HOOK_APP_CHECK] =
		{
			.name = "app_check",
			.program = "on_app_check",
			.functions = {{"scotty_core::utils::compose::find_all_config_files", 0}},
		},
	[HOOK_APP_REMOVED] =
		{
			.name = "app_removed",
			.program = "on_app_removed",
			.functions = {{"<scotty::docker::destroy_app::RemoveAppDataHandler as "
				       "scotty::state_machine::StateHandler>::transition",
				       READS(ARGUMENT_REMOVED_APP) | READS_MEMORY}},
		},
	[HOOK_OAUTH_DEVICE_FLOW] =
		{
			.name = "oauth_device_flow",
			.program = "on_oauth_device_flow",
			.functions = {{RECORD "oauth_device_flow_start", 0}},
		},
	[HOOK_OAUTH_WEB_FLOW] =
		{
			.name = "oauth_web_flow",
			.program = "on_oauth_web_flow",
			.functions = {{RECORD "oauth_web_flow_start", 0}},
		},
	[HOOK_OAUTH_FLOW_FAILURE] =
		{
			.name = "oauth_flow_failure",
			.program = "on_oauth_flow_failure",
			.functions = {{RECORD "oauth_flow_failure", 0}},
		},
	[HOOK_OAUTH_VALIDATION] =
		{
			.name = "oauth_validation",
			.program = "on_oauth_validation",
			.functions = {{RECORD "oauth_token_validation",
				       READS(ARGUMENT_VALIDATION_SECONDS) |
					       READS(ARGUMENT_VALIDATION_NANOSECONDS) |
					       READS(ARGUMENT_VALIDATION_FAILED)}},
		},
	[HOOK_OAUTH_DEVICE_SESSIONS] =
		{
			.name = "oauth_device_sessions",
			.program = "on_oauth_device_sessions",
			.functions = {{RECORD "oauth_device_sessions", READS(ARGUMENT_RECORDED)}},
		},
	[HOOK_OAUTH_WEB_SESSIONS] =
		{
			.name = "oauth_web_sessions",
			.program = "on_oauth_web_sessions",
			.functions = {{RECORD "oauth_web_sessions", READS(ARGUMENT_RECORDED)}},
		},
	[HOOK_OAUTH_EXPIRED] =
		{
			.name = "oauth_expired",
			.program = "on_oauth_expired",
			.functions = {{RECORD "oauth_sessions_expired_cleaned",
				       READS(ARGUMENT_RECORDED)}},
		},
	[HOOK_OAUTH_SAMPLE] =
		{
			.name = "oauth_sample",
			.program = "on_oauth_sample",
			.functions = {{"scotty::oauth::cleanup::sample_oauth_session_metrics",
				       READS(ARGUMENT_DEVICE_FLOWS) | READS(ARGUMENT_WEB_FLOWS) |
					       READS_MEMORY}},
		},
	[HOOK_OAUTH_CLEANUP] =
		{
			.name = "oauth_cleanup",
			.program = "on_oauth_cleanup",
			.functions = OAUTH_CLEANUPS,
			.in_all_functions = true,
		},
	[HOOK_OAUTH_CLEANED] =
		{
			.name = "oauth_cleaned",
			.program = "on_oauth_cleaned",
			.functions = OAUTH_CLEANUPS,
			.in_all_functions = true,
			.place = PLACE_EXITS,
		},
	[HOOK_RATE_LIMIT_ALLOWED] =
		{
			.name = "rate_limit_allowed",
			.program = "on_rate_limit_allowed",
			.functions = {{RECORD "rate_limit_allowed",
				       READS(ARGUMENT_TIER) | READS(ARGUMENT_TIER_LENGTH) |
					       READS_MEMORY}},
		},
	[HOOK_RATE_LIMIT_DENIED] =
		{
			.name = "rate_limit_denied",
			.program = "on_rate_limit_denied",
			.functions = {{RECORD "rate_limit_denied",
				       READS(ARGUMENT_TIER) | READS(ARGUMENT_TIER_LENGTH) |
					       READS_MEMORY}},
		},
	[HOOK_RATE_LIMIT_ERROR] =
		{
			.name = "rate_limit_error",
			.program = "on_rate_limit_error",
			.functions = {{RECORD "rate_limit_extractor_error", 0}},
		},
	[HOOK_RSS_STAT] =
		{
			.name = "rss_stat",
			.program = "on_rss_stat",
		},
};

const struct catalogue_instrumentation catalogue_instrumentations[INSTR_COUNT] = {
	[INSTR_HTTP_REQUESTS] = {"http requests",
				 "http_requests_total, http_request_duration_seconds, "
				 "http_requests_active, server spans"},
	[INSTR_HTTP_ROUTES] = {"http routes",
			       "attribute path of the request metrics, names of server spans"},
	[INSTR_CLIENT_ADDRESSES] = {"client addresses", "client.address of server spans"},
	[INSTR_WEBSOCKETS] = {"websockets", "websocket_*, websocket_connection spans"},
	[INSTR_SHELL_SESSIONS] = {"shell sessions", "shell_session*, shell_session_handler spans"},
	[INSTR_LOG_STREAMS] = {"log streams", "log_stream*, log_stream_handler spans"},
	[INSTR_COMPOSE_TASKS] = {"compose tasks", "tasks_*, task_*, compose_task spans"},
	[INSTR_APPLICATIONS] = {"applications", "apps_total, app_services_count, "
						"app_last_check_age_seconds"},
	[INSTR_APP_STATUSES] = {"application statuses", "apps_by_status"},
	[INSTR_TOKIO_POLLS] = {"tokio polls", "tokio_poll_count_total, "
					      "tokio_poll_duration_seconds, "
					      "tokio_slow_poll_count_total, tokio_task_*"},
	[INSTR_TOKIO_TASKS] = {"tokio tasks", "tokio_tasks_active, tokio_tasks_dropped_total"},
	[INSTR_TOKIO_SCHEDULING] = {"tokio scheduling", "tokio_scheduled_count_total, "
							"tokio_idle_duration_seconds, "
							"tokio_first_poll_delay_seconds"},
	[INSTR_TOKIO_WORKERS] = {"tokio workers", "tokio_workers_count"},
	[INSTR_MEMORY] = {"memory", "memory_rss_bytes, memory_virtual_bytes"},
	[INSTR_MEMORY_PEAK] = {"memory peak", "memory_rss_peak_bytes"},
	[INSTR_OAUTH_FLOWS] = {"oauth flows", "oauth_device_flows_total, oauth_web_flows_total, "
					      "oauth_flows_failures_total, oauth_token_*"},
	[INSTR_OAUTH_SESSIONS] = {"oauth sessions", "oauth_*_sessions_active, "
						    "oauth_sessions_expired_cleaned_total"},
	[INSTR_RATE_LIMITS] = {"rate limits", "rate_limit_*"},
};

#define HOOKS(...) \
	.hooks = {__VA_ARGS__}, .hook_count = sizeof((enum hook[]){__VA_ARGS__}) / sizeof(enum hook)
#define WATCHES(...)                     \
	.optional_hooks = {__VA_ARGS__}, \
	.optional_hook_count = sizeof((enum hook[]){__VA_ARGS__}) / sizeof(enum hook)

const struct catalogue_strategy catalogue_strategies[] = {
	{
		.signal = INSTR_HTTP_REQUESTS,
		.name = "hyper's parse and encode within tokio's polls",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_HTTP_PARSE, HOOK_HTTP_ENCODE),
		WATCHES(HOOK_HTTP2_STREAM),
	},
	{
		.signal = INSTR_HTTP_ROUTES,
		.name = "the end of axum's MatchedPath",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_HTTP_ROUTE),
		.path = HTTP1 "parse",
	},
	{
		.signal = INSTR_CLIENT_ADDRESSES,
		.name = "tracepoints of accept4, and the spawn of the connection's task",
		.needs = NEED_SOCKET_ACCEPT | NEED_POLLS | NEED_SPAWNS,
		HOOKS(HOOK_SOCKET_ACCEPT, HOOK_SOCKET_ACCEPTED),
		.role = ROLE_HTTP_CONNECTION,
	},
	{
		.signal = INSTR_WEBSOCKETS,
		.name = "tungstenite's frames",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_FRAME_IN, HOOK_FRAME_OUT),
		WATCHES(HOOK_WEBSOCKET_OPEN, HOOK_MESSAGE_QUEUE),
	},
	{
		.signal = INSTR_WEBSOCKETS,
		.name = "tungstenite's messages in and frames out",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_WEBSOCKET_OPEN, HOOK_TEXT_IN, HOOK_FRAGMENTS_IN, HOOK_FRAME_OUT),
		WATCHES(HOOK_MESSAGE_QUEUE),
	},
	{
		.signal = INSTR_SHELL_SESSIONS,
		.name = "the session's task, and its messages as they are queued or sent",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_FRAME_OUT),
		WATCHES(HOOK_MESSAGE_QUEUE, HOOK_SHELL_AUDIT, HOOK_DOCKER_ERROR),
		.role = ROLE_SHELL,
	},
	{
		.signal = INSTR_LOG_STREAMS,
		.name = "the stream's task, its messages, and what clients ask for",
		.needs = NEED_UPROBE | NEED_POLLS | NEED_WEBSOCKETS | NEED_SPAWNS,
		HOOKS(HOOK_FRAME_OUT),
		WATCHES(HOOK_MESSAGE_QUEUE),
		.role = ROLE_LOG_STREAM,
	},
	{
		.signal = INSTR_COMPOSE_TASKS,
		.name = "the state machine's task, what it gives, and the frames of its output",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_FRAME_OUT),
		.role = ROLE_COMPOSE_TASK,
	},
	{
		.signal = INSTR_APPLICATIONS,
		.name = "the tasks of checks, and what AppData::new gives",
		.needs = NEED_UPROBE | NEED_POLLS | NEED_SPAWNS,
		HOOKS(HOOK_APP_NEW),
		WATCHES(HOOK_APP_CHECK, HOOK_APP_REMOVED),
		.role = ROLE_APP_CHECK,
	},
	{
		.signal = INSTR_APP_STATUSES,
		.name = "the status that AppData::new and a check's task leave",
		.needs = NEED_APPLICATIONS | NEED_STATUS_OFFSET,
		HOOKS(HOOK_APP_NEW),
	},
	{
		.signal = INSTR_OAUTH_FLOWS,
		.name = "Scotty's recorder",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_OAUTH_DEVICE_FLOW, HOOK_OAUTH_WEB_FLOW, HOOK_OAUTH_VALIDATION),
		WATCHES(HOOK_OAUTH_FLOW_FAILURE),
	},
	{
		.signal = INSTR_OAUTH_SESSIONS,
		.name = "Scotty's recorder",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_OAUTH_DEVICE_SESSIONS, HOOK_OAUTH_WEB_SESSIONS, HOOK_OAUTH_EXPIRED),
	},
	{
		.signal = INSTR_OAUTH_SESSIONS,
		.name = "the maps that Scotty samples and cleans up for its recorder",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_OAUTH_SAMPLE, HOOK_OAUTH_CLEANUP, HOOK_OAUTH_CLEANED),
		.path = RECORD "rate_limit_allowed",
	},
	{
		.signal = INSTR_RATE_LIMITS,
		.name = "Scotty's recorder",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_RATE_LIMIT_ALLOWED, HOOK_RATE_LIMIT_DENIED),
		WATCHES(HOOK_RATE_LIMIT_ERROR),
	},
	{
		.signal = INSTR_TOKIO_POLLS,
		.name = "tokio's state transitions",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_POLL_START, HOOK_POLL_IDLE, HOOK_TASK_COMPLETE),
	},
	{
		.signal = INSTR_TOKIO_POLLS,
		.name = "calls and returns of tasks' poll functions",
		.needs = NEED_UPROBE,
		HOOKS(HOOK_RAW_POLL, HOOK_RAW_POLL_RETURN, HOOK_TASK_COMPLETE),
	},
	{
		.signal = INSTR_TOKIO_TASKS,
		.name = "the polls and ends of tasks, and a census of the heap at the start",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_TASK_COMPLETE),
		WATCHES(HOOK_TASK_SPAWN),
		.path = "tokio::runtime::task::raw::poll",
	},
	{
		.signal = INSTR_TOKIO_SCHEDULING,
		.name = "the run queues' one entrance",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_TASK_SCHEDULE),
	},
	{
		.signal = INSTR_TOKIO_SCHEDULING,
		.name = "the run queues' two entrances",
		.needs = NEED_UPROBE | NEED_POLLS,
		HOOKS(HOOK_SCHEDULE_LOCAL, HOOK_SCHEDULE_REMOTE),
	},
	{
		.signal = INSTR_TOKIO_WORKERS,
		.name = "threads with tokio's worker loop on their stack",
		.path = "tokio::runtime::scheduler::multi_thread::worker::run",
	},
	{
		.signal = INSTR_MEMORY,
		.name = "/proc/PID/statm at each collection",
	},
	{
		.signal = INSTR_MEMORY_PEAK,
		.name = "tracepoint kmem:rss_stat",
		.needs = NEED_RSS_STAT,
		HOOKS(HOOK_RSS_STAT),
	},
};
const size_t catalogue_strategy_count = ARRAY_SIZE(catalogue_strategies);
