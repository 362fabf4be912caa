// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/catalogue.h"
#include "plan/paths.h"

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
			.is_of_polls = true,
			.functions = {{STATE "transition_to_running", READS(ARGUMENT_TASK_HEADER),
				       100}},
		},
	[HOOK_POLL_IDLE] =
		{
			.is_of_polls = true,
			/* Futures that are never pending do not call the function. */
			.functions = {{STATE "transition_to_idle", READS(ARGUMENT_TASK_HEADER),
				       75}},
			/* The compare-and-swap loop of the function can pass the site again. The program then
			 * finds no poll to end. */
			.repeat_ok = true,
		},
	[HOOK_RAW_POLL] =
		{
			.is_of_polls = true,
			/* raw_poll_return recognises the call by its stack pointer. */
			.functions = {{"tokio::runtime::task::raw::poll",
				       READS(ARGUMENT_TASK_HEADER) | READS_STACK_POINTER}},
		},
	[HOOK_RAW_POLL_RETURN] =
		{
			.is_of_polls = true,
			.functions = {{"tokio::runtime::task::raw::poll", 0}},
			.place = PLACE_RETURN,
		},
	[HOOK_TASK_COMPLETE] =
		{
			.functions = {{STATE "transition_to_complete", READS(ARGUMENT_TASK_HEADER),
				       100},
				      {"tokio::runtime::task::harness::Harness::complete",
				       READS(ARGUMENT_TASK_HEADER)}},
		},
	[HOOK_TASK_SPAWN] =
		{
			.functions = {{"tokio::runtime::task::list::OwnedTasks::bind_inner",
				       READS(ARGUMENT_TASK_LIST) | READS(ARGUMENT_BOUND_HEADER)}},
		},
	[HOOK_TASK_SCHEDULE] =
		{
			.is_of_polls = true,
			.functions = {{SCHEDULER "schedule_task",
				       READS(ARGUMENT_SCHEDULED_HEADER)}},
		},
	[HOOK_SCHEDULE_LOCAL] =
		{
			.is_of_polls = true,
			.functions = {{SCHEDULER "schedule_local", READS(ARGUMENT_LOCAL_HEADER)}},
		},
	[HOOK_SCHEDULE_REMOTE] =
		{
			.is_of_polls = true,
			.functions = {{SCHEDULER "push_remote_task",
				       READS(ARGUMENT_SCHEDULED_HEADER)}},
		},
	[HOOK_SCHEDULE_SINGLE] =
		{
			.is_of_polls = true,
			/* The first path has copies for all schedulers. That of multi-thread runtimes calls
			 * schedule_task; that of LocalSets may call the second path. */
			.functions =
				{{"<alloc::sync::Arc as tokio::runtime::task::Schedule>::schedule",
				  READS(ARGUMENT_SCHEDULED_HEADER), 0, "multi_thread",
				  LOCAL_SCHEDULE},
				 {LOCAL_SCHEDULE, READS(ARGUMENT_SCHEDULED_HEADER)}},
			.in_all_functions = true,
		},
	[HOOK_HTTP_PARSE] =
		{
			.functions = {{HTTP1 "parse", READS(ARGUMENT_PARSE_BUFFER)}},
		},
	[HOOK_HTTP_MATCH] =
		{
			.functions = {{"axum::extract::matched_path::set_matched_path_for_request",
				       READS(ARGUMENT_ROUTE_ID) | READS(ARGUMENT_ROUTE_PATHS) |
					       READS(ARGUMENT_REQUEST_EXTENSIONS)}},
		},
	[HOOK_HTTP_ROUTE] =
		{
			.functions = {{"core::ptr::drop_in_place<axum::extract::matched_path::"
				       "MatchedPath>",
				       READS(ARGUMENT_MATCHED_PATH)}},
		},
	[HOOK_HTTP_ENCODE] =
		{
			.functions = {{HTTP1 "encode", READS(ARGUMENT_ENCODE_HEAD) |
							       READS(ARGUMENT_ENCODE_OUTPUT)}},
		},
	[HOOK_HTTP_ERROR] =
		{
			/* axum drops the error as a Box<dyn Error>, through a pointer. */
			.functions = {{"core::ptr::drop_in_place<hyper::error::Error>",
				       READS(ARGUMENT_HTTP_ERROR) | READS_MEMORY}},
		},
	[HOOK_PANIC] =
		{
			/* Older compilers do not mangle the symbol. */
			.functions = {{"__rustc::rust_panic", 0}, {"rust_panic", 0}},
		},
	[HOOK_HTTP2_STREAM] =
		{
			.functions = {{"h2::proto::streams::recv::Recv::open", 0}},
		},
	[HOOK_WEBSOCKET_OPEN] =
		{
			.functions = {{"tungstenite::protocol::WebSocketContext::new",
				       READS(ARGUMENT_WEBSOCKET_ROLE)}},
		},
	[HOOK_FRAME_IN] =
		{
			.functions = {{FRAMES "FrameHeader::parse_internal",
				       READS(ARGUMENT_FRAME_CURSOR)},
				      {FRAMES "FrameHeader::parse", READS(ARGUMENT_FRAME_CURSOR)}},
		},
	[HOOK_TEXT_IN] =
		{
			.functions = {{"<tungstenite::protocol::frame::utf8::Utf8Bytes as "
				       "core::convert::TryFrom>::try_from",
				       READS(ARGUMENT_TEXT_BYTES)}},
		},
	[HOOK_FRAGMENTS_IN] =
		{
			.functions =
				{{"tungstenite::protocol::message::IncompleteMessage::complete",
				  READS(ARGUMENT_FRAGMENTS)}},
		},
	[HOOK_FRAME_OUT] =
		{
			.functions = {{FRAMES "Frame::format_into_buf",
				       READS(ARGUMENT_FRAME) | READS(ARGUMENT_FRAME_OUTPUT)}},
		},
	[HOOK_MESSAGE_QUEUE] =
		{
			.functions = {{"tokio::sync::broadcast::Sender::send",
				       READS(ARGUMENT_QUEUED_MESSAGE)}},
		},
	[HOOK_SHELL_AUDIT] =
		{
			.functions = {{"scotty::docker::services::shell::audit_log_session_ended",
				       READS(ARGUMENT_AUDIT_REASON) |
					       READS(ARGUMENT_AUDIT_REASON_LENGTH) | READS_MEMORY}},
		},
	[HOOK_DOCKER_ERROR] =
		{
			.functions = {{"<bollard::errors::Error as core::fmt::Display>::fmt", 0}},
		},
	[HOOK_APP_NEW] =
		{
			.functions = {{"scotty_core::apps::app_data::data::AppData::new",
				       READS_RESULT},
				      {"scotty_core::apps::app_data::AppData::new", READS_RESULT}},
			.place = PLACE_EXITS,
		},
	[HOOK_APP_CHECK] =
		{
			.functions = {{"scotty_core::utils::compose::find_all_config_files", 0}},
		},
	[HOOK_APP_REMOVED] =
		{
			.functions = {{"<scotty::docker::destroy_app::RemoveAppDataHandler as "
				       "scotty::state_machine::StateHandler>::transition",
				       READS(ARGUMENT_REMOVED_APP) | READS_MEMORY}},
		},
	[HOOK_OAUTH_DEVICE_FLOW] =
		{
			.functions = {{RECORD "oauth_device_flow_start", 0}},
		},
	[HOOK_OAUTH_WEB_FLOW] =
		{
			.functions = {{RECORD "oauth_web_flow_start", 0}},
		},
	[HOOK_OAUTH_FLOW_FAILURE] =
		{
			.functions = {{RECORD "oauth_flow_failure", 0}},
		},
	[HOOK_OAUTH_VALIDATION] =
		{
			.functions = {{RECORD "oauth_token_validation",
				       READS(ARGUMENT_VALIDATION_SECONDS) |
					       READS(ARGUMENT_VALIDATION_NANOSECONDS) |
					       READS(ARGUMENT_VALIDATION_FAILED)}},
		},
	[HOOK_OAUTH_DEVICE_SESSIONS] =
		{
			.functions = {{RECORD "oauth_device_sessions", READS(ARGUMENT_RECORDED)}},
		},
	[HOOK_OAUTH_WEB_SESSIONS] =
		{
			.functions = {{RECORD "oauth_web_sessions", READS(ARGUMENT_RECORDED)}},
		},
	[HOOK_OAUTH_EXPIRED] =
		{
			.functions = {{RECORD "oauth_sessions_expired_cleaned",
				       READS(ARGUMENT_RECORDED)}},
		},
	[HOOK_OAUTH_SAMPLE] =
		{
			.functions = {{"scotty::oauth::cleanup::sample_oauth_session_metrics",
				       READS(ARGUMENT_DEVICE_FLOWS) | READS(ARGUMENT_WEB_FLOWS) |
					       READS_MEMORY}},
		},
	[HOOK_OAUTH_CLEANUP] =
		{
			.functions = OAUTH_CLEANUPS,
			.in_all_functions = true,
		},
	[HOOK_OAUTH_CLEANED] =
		{
			.functions = OAUTH_CLEANUPS,
			.in_all_functions = true,
			.place = PLACE_EXITS,
		},
	[HOOK_RATE_LIMIT_ALLOWED] =
		{
			.functions = {{RECORD "rate_limit_allowed",
				       READS(ARGUMENT_TIER) | READS(ARGUMENT_TIER_LENGTH) |
					       READS_MEMORY}},
		},
	[HOOK_RATE_LIMIT_DENIED] =
		{
			.functions = {{RECORD "rate_limit_denied",
				       READS(ARGUMENT_TIER) | READS(ARGUMENT_TIER_LENGTH) |
					       READS_MEMORY}},
		},
	[HOOK_RATE_LIMIT_ERROR] =
		{
			.functions = {{RECORD "rate_limit_extractor_error", 0}},
		},
};
