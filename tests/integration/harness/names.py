# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The names of the metrics, spans and attributes that the tests look for."""

CONNECTIONS = "scotty_websocket_connections_total"
CONNECTIONS_ACTIVE = "scotty_websocket_connections_active"
MESSAGES_SENT = "scotty_websocket_messages_sent_total"
MESSAGES_RECEIVED = "scotty_websocket_messages_received_total"
AUTH_FAILURES = "scotty_websocket_auth_failures_total"

SHELLS = "scotty_shell_sessions_total"
SHELLS_ACTIVE = "scotty_shell_sessions_active"
SHELL_DURATION = "scotty_shell_session_duration_seconds"
SHELL_ERRORS = "scotty_shell_session_errors_total"
SHELL_TIMEOUTS = "scotty_shell_session_timeouts_total"

LOGS = "scotty_log_streams_total"
LOGS_ACTIVE = "scotty_log_streams_active"
LOG_DURATION = "scotty_log_stream_duration_seconds"
LOG_LINES = "scotty_log_stream_lines_total"
LOG_ERRORS = "scotty_log_stream_errors_total"

TASKS = "scotty_tasks_total"
TASKS_ACTIVE = "scotty_tasks_active"
TASK_DURATION = "scotty_task_duration_seconds"
TASK_FAILURES = "scotty_task_failures_total"
TASK_LINES = "scotty_task_output_lines_total"
OUTPUT_STREAMS = "scotty_task_output_streams_total"
OUTPUT_STREAMS_ACTIVE = "scotty_task_output_streams_active"

ACTIVE = (CONNECTIONS_ACTIVE, SHELLS_ACTIVE, LOGS_ACTIVE, TASKS_ACTIVE)
COUNTED = (
    *ACTIVE,
    CONNECTIONS,
    MESSAGES_SENT,
    MESSAGES_RECEIVED,
    AUTH_FAILURES,
    SHELLS,
    SHELL_ERRORS,
    SHELL_TIMEOUTS,
    LOGS,
    LOG_LINES,
    LOG_ERRORS,
    TASKS,
    TASK_FAILURES,
    TASK_LINES,
    OUTPUT_STREAMS,
)
DURATIONS = (SHELL_DURATION, LOG_DURATION, TASK_DURATION)

POLLS = "scotty_tokio_poll_count_total"
POLLS_BY_TASK = "scotty_tokio_task_polls_total"
SCHEDULED = "scotty_tokio_scheduled_count_total"
DROPPED = "scotty_tokio_tasks_dropped_total"
TOKIO_TASKS_ACTIVE = "scotty_tokio_tasks_active"
IDLE = "scotty_tokio_idle_duration_seconds"
FIRST_POLL = "scotty_tokio_first_poll_delay_seconds"

APPS = "scotty_apps_total"
APPS_BY_STATUS = "scotty_apps_by_status"
APP_SERVICES = "scotty_app_services_count"
APP_AGE = "scotty_app_last_check_age_seconds"

DEVICE_FLOWS = "scotty_oauth_device_flows_total"
WEB_FLOWS = "scotty_oauth_web_flows_total"
FLOW_FAILURES = "scotty_oauth_flows_failures_total"
VALIDATIONS = "scotty_oauth_token_validations_total"
VALIDATION_FAILURES = "scotty_oauth_token_validations_failures_total"
VALIDATION_DURATION = "scotty_oauth_token_validation_duration_seconds"
DEVICE_SESSIONS = "scotty_oauth_device_flow_sessions_active"
WEB_SESSIONS = "scotty_oauth_web_flow_sessions_active"
RATE_LIMITED = "scotty_rate_limit_requests_total"
EXTRACTOR_ERRORS = "scotty_rate_limit_extractor_errors_total"

# Spans.
WEBSOCKET_SPAN = "websocket_connection"
LOG_SPAN = "log_stream_handler"
SHELL_SPAN = "shell_session_handler"
TASK_SPAN = "compose_task"
UPGRADE_SPAN = "HTTP GET /ws"

# Attributes of a request span, in seconds, and the event of a slow poll.
BUSY_S = "tokio.busy.duration"
SCHEDULED_S = "tokio.scheduled.duration"
AWAITING_S = "tokio.awaiting.duration"
SLOW_POLL_EVENT = "slow poll"
POLL_S = "tokio.poll.duration"
