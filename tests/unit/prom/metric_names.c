// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "metric/descriptions.h"
#include "metric/metric.h"
#include "otlp/otlp.h"
#include "prom/text.h"

/* The Prometheus name of every metric: that of the documentation's, and that of Scotty 0.3 where a
 * server that runs it emits another one (NULL: the same). */
static const struct {
	enum metric_id id;
	const char *name;
	const char *scotty_name;
} rows[] = {
	{METRIC_ID_UP, "scotty_up", NULL},
	{METRIC_ID_HTTP_REQUESTS, "scotty_http_requests_total", NULL},
	{METRIC_ID_HTTP_REQUEST_DURATION, "scotty_http_request_duration_seconds", NULL},
	{METRIC_ID_HTTP_REQUESTS_ACTIVE, "scotty_http_requests_active", NULL},
	{METRIC_ID_WEBSOCKET_CONNECTIONS_ACTIVE, "scotty_websocket_connections_active",
	 "scotty_websocket_connections"},
	{METRIC_ID_WEBSOCKET_CONNECTIONS, "scotty_websocket_connections_total", NULL},
	{METRIC_ID_WEBSOCKET_MESSAGES_SENT, "scotty_websocket_messages_sent_total", NULL},
	{METRIC_ID_WEBSOCKET_MESSAGES_RECEIVED, "scotty_websocket_messages_received_total", NULL},
	{METRIC_ID_WEBSOCKET_AUTH_FAILURES, "scotty_websocket_auth_failures_total", NULL},
	{METRIC_ID_SHELL_SESSIONS_ACTIVE, "scotty_shell_sessions_active", NULL},
	{METRIC_ID_SHELL_SESSIONS, "scotty_shell_sessions_total", NULL},
	{METRIC_ID_SHELL_SESSION_DURATION, "scotty_shell_session_duration_seconds", NULL},
	{METRIC_ID_SHELL_SESSION_ERRORS, "scotty_shell_session_errors_total", NULL},
	{METRIC_ID_SHELL_SESSION_TIMEOUTS, "scotty_shell_session_timeouts_total", NULL},
	{METRIC_ID_LOG_STREAMS_ACTIVE, "scotty_log_streams_active", NULL},
	{METRIC_ID_LOG_STREAMS, "scotty_log_streams_total", NULL},
	{METRIC_ID_LOG_STREAM_DURATION, "scotty_log_stream_duration_seconds", NULL},
	{METRIC_ID_LOG_STREAM_LINES, "scotty_log_stream_lines_total", NULL},
	{METRIC_ID_LOG_STREAM_ERRORS, "scotty_log_stream_errors_total", NULL},
	{METRIC_ID_TASKS_ACTIVE, "scotty_tasks_active", NULL},
	{METRIC_ID_TASKS, "scotty_tasks_total", NULL},
	{METRIC_ID_TASK_DURATION, "scotty_task_duration_seconds", NULL},
	{METRIC_ID_TASK_FAILURES, "scotty_task_failures_total", NULL},
	{METRIC_ID_TASK_OUTPUT_LINES, "scotty_task_output_lines_total", NULL},
	{METRIC_ID_TASK_OUTPUT_STREAMS_ACTIVE, "scotty_task_output_streams_active", NULL},
	{METRIC_ID_TASK_OUTPUT_STREAMS, "scotty_task_output_streams_total", NULL},
	{METRIC_ID_APPS, "scotty_apps_total", NULL},
	{METRIC_ID_APPS_BY_STATUS, "scotty_apps_by_status", NULL},
	{METRIC_ID_APP_SERVICES, "scotty_app_services_count", NULL},
	{METRIC_ID_APP_LAST_CHECK_AGE, "scotty_app_last_check_age_seconds", NULL},
	{METRIC_ID_MEMORY_RSS, "scotty_memory_rss_bytes", NULL},
	{METRIC_ID_MEMORY_VIRTUAL, "scotty_memory_virtual_bytes", NULL},
	{METRIC_ID_MEMORY_RSS_PEAK, "scotty_memory_rss_peak_bytes", NULL},
	{METRIC_ID_TOKIO_WORKERS, "scotty_tokio_workers_count", NULL},
	{METRIC_ID_TOKIO_TASKS_ACTIVE, "scotty_tokio_tasks_active", NULL},
	{METRIC_ID_TOKIO_TASKS_DROPPED, "scotty_tokio_tasks_dropped_total", NULL},
	{METRIC_ID_TOKIO_POLL_COUNT, "scotty_tokio_poll_count_total", NULL},
	{METRIC_ID_TOKIO_POLL_DURATION, "scotty_tokio_poll_duration_seconds", NULL},
	{METRIC_ID_TOKIO_SLOW_POLL_COUNT, "scotty_tokio_slow_poll_count_total",
	 "scotty_tokio_poll_slow_count_total"},
	{METRIC_ID_TOKIO_SCHEDULED_COUNT, "scotty_tokio_scheduled_count_total", NULL},
	{METRIC_ID_TOKIO_IDLE_DURATION, "scotty_tokio_idle_duration_seconds", NULL},
	{METRIC_ID_TOKIO_FIRST_POLL_DELAY, "scotty_tokio_first_poll_delay_seconds", NULL},
	{METRIC_ID_TOKIO_BLOCKING_RUNS, "scotty_tokio_blocking_runs_total", NULL},
	{METRIC_ID_TOKIO_TASKS_SPAWNED, "scotty_tokio_tasks_spawned_total", NULL},
	{METRIC_ID_TOKIO_WORKER_BUSY, "scotty_tokio_worker_busy_seconds_total", NULL},
	{METRIC_ID_TOKIO_WORKER_PARKS, "scotty_tokio_worker_parks_total", NULL},
	{METRIC_ID_TOKIO_GLOBAL_QUEUE_DEPTH, "scotty_tokio_global_queue_depth", NULL},
	{METRIC_ID_TOKIO_LOCAL_QUEUE_DEPTH, "scotty_tokio_local_queue_depth", NULL},
	{METRIC_ID_TOKIO_BLOCKING_THREADS, "scotty_tokio_blocking_threads", NULL},
	{METRIC_ID_TOKIO_BLOCKING_IDLE_THREADS, "scotty_tokio_blocking_idle_threads", NULL},
	{METRIC_ID_TOKIO_BLOCKING_QUEUE_DEPTH, "scotty_tokio_blocking_queue_depth", NULL},
	{METRIC_ID_TOKIO_TASK_POLLS, "scotty_tokio_task_polls_total", NULL},
	{METRIC_ID_TOKIO_TASK_BUSY, "scotty_tokio_task_busy_seconds_total", NULL},
	{METRIC_ID_TOKIO_TASK_ALIVE, "scotty_tokio_task_alive", NULL},
	{METRIC_ID_OAUTH_DEVICE_FLOW_SESSIONS_ACTIVE, "scotty_oauth_device_flow_sessions_active",
	 NULL},
	{METRIC_ID_OAUTH_WEB_FLOW_SESSIONS_ACTIVE, "scotty_oauth_web_flow_sessions_active", NULL},
	{METRIC_ID_OAUTH_SESSIONS_EXPIRED_CLEANED, "scotty_oauth_sessions_expired_cleaned_total",
	 NULL},
	{METRIC_ID_OAUTH_DEVICE_FLOWS, "scotty_oauth_device_flows_total", NULL},
	{METRIC_ID_OAUTH_WEB_FLOWS, "scotty_oauth_web_flows_total", NULL},
	{METRIC_ID_OAUTH_FLOW_FAILURES, "scotty_oauth_flows_failures_total", NULL},
	{METRIC_ID_OAUTH_TOKEN_VALIDATIONS, "scotty_oauth_token_validations_total", NULL},
	{METRIC_ID_OAUTH_TOKEN_VALIDATION_DURATION,
	 "scotty_oauth_token_validation_duration_seconds", NULL},
	{METRIC_ID_OAUTH_TOKEN_VALIDATION_FAILURES, "scotty_oauth_token_validations_failures_total",
	 NULL},
	{METRIC_ID_RATE_LIMIT_REQUESTS, "scotty_rate_limit_requests_total", NULL},
	{METRIC_ID_RATE_LIMIT_EXTRACTOR_ERRORS, "scotty_rate_limit_extractor_errors_total", NULL},
	{METRIC_ID_PROBE_HITS, "scottyscope_probe_hits_total", NULL},
	{METRIC_ID_LOST, "scottyscope_lost_total", NULL},
	{METRIC_ID_CHECKS, "scottyscope_checks_total", NULL},
	{METRIC_ID_PROBE_SITES, "scottyscope_probe_sites", NULL},
	{METRIC_ID_PROBE_ATTACH_DURATION, "scottyscope_probe_attach_duration_seconds", NULL},
	{METRIC_ID_PROBE_CPU_TIME, "scottyscope_probe_cpu_time_seconds_total", NULL},
	{METRIC_ID_PROBE_OVERHEAD, "scottyscope_probe_overhead_ratio", NULL},
	{METRIC_ID_POLLS_WATCHED, "scottyscope_polls_watched_ratio", NULL},
	{METRIC_ID_RING_RECORDS, "scottyscope_ring_records_total", NULL},
	{METRIC_ID_SPANS_MADE, "scottyscope_spans_made_total", NULL},
	{METRIC_ID_SPANS_OPEN, "scottyscope_spans_open", NULL},
	{METRIC_ID_SPANS_LEFT_OUT, "scottyscope_spans_left_out_total", NULL},
	{METRIC_ID_TRACES_KEPT, "scottyscope_traces_kept_ratio", NULL},
	{METRIC_ID_COLLECTIONS, "scottyscope_collections_total", NULL},
	{METRIC_ID_FRONT_RESTARTS, "scottyscope_front_restarts_total", NULL},
	{METRIC_ID_EXPORT_REQUESTS, "scottyscope_export_requests_total", NULL},
	{METRIC_ID_EXPORT_RETRIES, "scottyscope_export_retries_total", NULL},
	{METRIC_ID_EXPORT_ITEMS, "scottyscope_export_items_total", NULL},
	{METRIC_ID_EXPORT_QUEUE, "scottyscope_export_queue_bytes", NULL},
	{METRIC_ID_SCRAPES, "scottyscope_scrapes_total", NULL},
	{METRIC_ID_PROCESS_CPU_TIME, "scottyscope_process_cpu_time_seconds_total", NULL},
	{METRIC_ID_PROCESS_MEMORY_RSS_MAX, "scottyscope_process_memory_rss_max_bytes", NULL},
};

#define ROW_COUNT (ARRAY_SIZE(rows))

struct exposition {
	char *text;
	size_t size;
};

static int print(void *context, const uint8_t *request, size_t size)
{
	struct exposition *exposition = context;
	struct prom_request requests[] = {{request, size}};
	FILE *stream = open_memstream(&exposition->text, &exposition->size);
	int r = prom_write_text(stream, PROM_FORMAT_TEXT, requests, 1, NULL);

	fclose(stream);
	return r;
}

/* The exposition of a point of every metric. */
static struct exposition expose(enum config_names names)
{
	static const struct metric_attribute attribute = {"path", "/"};
	static const double bounds[] = {1};
	static const uint64_t counts[] = {0, 0};
	static const struct otlp_resource resource = {NULL, 0};
	struct metric_set *set = metric_set__new(arena__new(0), 1, 2);
	struct exposition exposition = {0};

	set->names = names;
	for (int id = 0; id < METRIC_ID_COUNT; id++) {
		const struct metric_description *description = &metric_descriptions[id];
		struct metric_point *point =
			metric_set__point(set, metric_set__metric(set, description), &attribute, 1);

		if (description->kind == METRIC_HISTOGRAM)
			point->histogram = (struct metric_histogram){
				.bounds = bounds, .bound_count = 1, .bucket_counts = counts};
		else
			point->is_real = strcmp(description->unit, "1") == 0;
	}
	cr_assert_eq(otlp_encode_metrics(&resource, set, print, &exposition, NULL), 0);
	arena__free(set->arena);
	return exposition;
}

static void assert_names(enum config_names names, const char *label)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_UP_DOWN_COUNTER] = "gauge",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};
	struct exposition exposition = expose(names);
	size_t families = 0;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct metric_description *description = &metric_descriptions[rows[i].id];
		const char *name = names == NAMES_SCOTTY_0_3 && rows[i].scotty_name
					   ? rows[i].scotty_name
					   : rows[i].name;
		bool is_histogram = description->kind == METRIC_HISTOGRAM;
		char expected[512];

		snprintf(expected, sizeof(expected),
			 "# HELP %s %s\n# TYPE %s %s\n%s%s{%s=\"/\"%s} 0\n", name,
			 description->help, name, types[description->kind], name,
			 is_histogram ? "_bucket" : "", label, is_histogram ? ",le=\"1\"" : "");
		cr_assert(strstr(exposition.text, expected), "not there: %s", expected);
	}
	for (const char *line = exposition.text; (line = strstr(line, "# TYPE ")); line++)
		families++;
	cr_assert_eq(families, ROW_COUNT);
	free(exposition.text);
}

Test(prom_metric_names, of_the_documentation)
{
	assert_names(NAMES_DOCS, "path");
}

Test(prom_metric_names, of_scotty_0_3)
{
	assert_names(NAMES_SCOTTY_0_3, "route");
}

Test(prom_metric_names, the_table_has_every_metric_once)
{
	bool seen[METRIC_ID_COUNT] = {false};

	cr_assert_eq(ROW_COUNT, METRIC_ID_COUNT);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		cr_assert_not(seen[rows[i].id], "%s", rows[i].name);
		seen[rows[i].id] = true;
	}
}
