// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>
#include <stdbool.h>

#include "base/array.h"
#include "report/report_internal.h"

/* Marks a column without a metric. */
#define NONE METRIC_ID_COUNT

static const struct row {
	const char *name;
	enum metric_id started;
	enum metric_id running;
	enum metric_id failed[2];
	enum metric_id duration;
} rows[] = {
	{"websockets",
	 METRIC_ID_WEBSOCKET_CONNECTIONS,
	 METRIC_ID_WEBSOCKET_CONNECTIONS_ACTIVE,
	 {METRIC_ID_WEBSOCKET_AUTH_FAILURES, NONE},
	 NONE},
	{"shell sessions",
	 METRIC_ID_SHELL_SESSIONS,
	 METRIC_ID_SHELL_SESSIONS_ACTIVE,
	 {METRIC_ID_SHELL_SESSION_ERRORS, METRIC_ID_SHELL_SESSION_TIMEOUTS},
	 METRIC_ID_SHELL_SESSION_DURATION},
	{"log streams",
	 METRIC_ID_LOG_STREAMS,
	 METRIC_ID_LOG_STREAMS_ACTIVE,
	 {METRIC_ID_LOG_STREAM_ERRORS, NONE},
	 METRIC_ID_LOG_STREAM_DURATION},
	{"compose tasks",
	 METRIC_ID_TASKS,
	 METRIC_ID_TASKS_ACTIVE,
	 {METRIC_ID_TASK_FAILURES, NONE},
	 METRIC_ID_TASK_DURATION},
};

#define ROW_COUNT (ARRAY_SIZE(rows))

static void print_row(const struct metric_set *set, const struct row *row, FILE *stream)
{
	const struct metric *durations =
		row->duration == NONE ? NULL : report_find(set, row->duration);
	int64_t failed = 0;

	for (size_t i = 0; i < 2; i++) {
		if (row->failed[i] != NONE)
			failed += report_value(set, row->failed[i]);
	}
	fprintf(stream, "  %-14s %9" PRId64 " %9" PRId64 " %9" PRId64, row->name,
		report_value(set, row->started), report_value(set, row->running), failed);
	if (durations && durations->points) {
		const struct metric_histogram *histogram = &durations->points->histogram;

		fputs("  ", stream);
		report_print_duration(metric_histogram__quantile(histogram, 0.5), stream);
		fputs("  ", stream);
		report_print_duration(metric_histogram__quantile(histogram, 0.99), stream);
		fputs("  ", stream);
		report_print_picture(histogram, stream);
	}
	fputc('\n', stream);
}

void report_print_sessions(const struct metric_set *set, FILE *stream)
{
	bool has_head = false;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (!report_find(set, rows[i].started))
			continue;
		if (!has_head)
			fprintf(stream, "Sessions\n  %-14s %9s %9s %9s  %9s  %9s\n", "", "started",
				"running", "failed", "p50", "p99");
		has_head = true;
		print_row(set, &rows[i], stream);
	}
	if (!has_head)
		return;
	fprintf(stream,
		"  messages sent %" PRId64 ", received %" PRId64 "; log lines %" PRId64
		", lines of task output %" PRId64 "\n\n",
		report_value(set, METRIC_ID_WEBSOCKET_MESSAGES_SENT),
		report_value(set, METRIC_ID_WEBSOCKET_MESSAGES_RECEIVED),
		report_value(set, METRIC_ID_LOG_STREAM_LINES),
		report_value(set, METRIC_ID_TASK_OUTPUT_LINES));
}
