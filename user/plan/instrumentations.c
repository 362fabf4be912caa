// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/catalogue.h"

const struct catalogue_instrumentation catalogue_instrumentations[INSTR_COUNT] = {
	[INSTR_HTTP_REQUESTS] = {"http requests",
				 "http_requests_total, http_request_duration_seconds, "
				 "http_requests_active, server spans"},
	[INSTR_HTTP_ROUTES] = {"http routes",
			       "attribute path of the request metrics, names of server spans"},
	[INSTR_CLIENT_ADDRESSES] = {"client addresses",
				    "client.address, client.port, server.port of server spans"},
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
	[INSTR_TOKIO_WORKERS] = {"tokio workers",
				 "tokio_workers_count, tokio_worker_*, tokio_tasks_spawned_total, "
				 "tokio_global_queue_depth, tokio_local_queue_depth, "
				 "tokio_blocking_*"},
	[INSTR_MEMORY] = {"memory", "memory_rss_bytes, memory_virtual_bytes"},
	[INSTR_MEMORY_PEAK] = {"memory peak", "memory_rss_peak_bytes"},
	[INSTR_OAUTH_FLOWS] = {"oauth flows", "oauth_device_flows_total, oauth_web_flows_total, "
					      "oauth_flows_failures_total, oauth_token_*"},
	[INSTR_OAUTH_SESSIONS] = {"oauth sessions", "oauth_*_sessions_active, "
						    "oauth_sessions_expired_cleaned_total"},
	[INSTR_RATE_LIMITS] = {"rate limits", "rate_limit_*"},
};
