// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "report/report_internal.h"

/* Maximum number of task types to print. */
#define BUSIEST 5

static void print_histogram(const struct metric_set *set, enum metric_id id, const char *what,
			    FILE *stream)
{
	const struct metric *metric = report_find(set, id);

	if (!metric || !metric->points || metric->points->histogram.count == 0)
		return;

	const struct metric_histogram *histogram = &metric->points->histogram;

	fprintf(stream, "  %-16s p50", what);
	report_print_duration(metric_histogram__quantile(histogram, 0.5), stream);
	fputs(", p99", stream);
	report_print_duration(metric_histogram__quantile(histogram, 0.99), stream);
	fputs("  ", stream);
	report_print_picture(histogram, stream);
	fputc('\n', stream);
}

/* Returns the number of polls of the task type in the point `busy`. */
static int64_t polls_of(const struct metric_set *set, const struct metric_point *busy)
{
	const struct metric *polls = report_find(set, METRIC_ID_TOKIO_TASK_POLLS);
	const char *task = report_attribute(set, busy, "task");

	for (const struct metric_point *point = polls ? polls->points : NULL; point;
	     point = point->next) {
		if (strcmp(report_attribute(set, point, "task"), task) == 0)
			return point->integer;
	}
	return 0;
}

static int compare_busy(const void *left, const void *right)
{
	const struct metric_point *a = *(const struct metric_point *const *)left;
	const struct metric_point *b = *(const struct metric_point *const *)right;

	return (a->real < b->real) - (a->real > b->real);
}

static void print_busiest(const struct metric_set *set, FILE *stream)
{
	const struct metric *busy = report_find(set, METRIC_ID_TOKIO_TASK_BUSY);
	const struct metric_point **points =
		busy ? arena__alloc_array(set->arena, busy->point_count, sizeof(const void *))
		     : NULL;
	size_t count = 0;

	if (!points)
		return;
	for (const struct metric_point *point = busy->points; point; point = point->next) {
		if (point->real > 0)
			points[count++] = point;
	}
	qsort(points, count, sizeof(const void *), compare_busy);
	for (size_t i = 0; i < count && i < BUSIEST; i++) {
		fputs(i == 0 ? "  busiest tasks   " : "                  ", stream);
		report_print_duration(points[i]->real, stream);
		fprintf(stream, " in %9" PRId64 " polls of ", polls_of(set, points[i]));
		printable_write(report_attribute(set, points[i], "task"), 0, stream);
		fputc('\n', stream);
	}
}

void report_print_tokio(const struct metric_set *set, FILE *stream)
{
	fprintf(stream,
		"Tokio\n  polls %" PRId64 ", slow polls %" PRId64 ", tasks alive %" PRId64
		", worker threads %" PRId64 "\n",
		report_value(set, METRIC_ID_TOKIO_POLL_COUNT),
		report_value(set, METRIC_ID_TOKIO_SLOW_POLL_COUNT),
		report_value(set, METRIC_ID_TOKIO_TASKS_ACTIVE),
		report_value(set, METRIC_ID_TOKIO_WORKERS));
	print_histogram(set, METRIC_ID_TOKIO_POLL_DURATION, "poll duration", stream);
	print_histogram(set, METRIC_ID_TOKIO_IDLE_DURATION, "task idle time", stream);
	print_histogram(set, METRIC_ID_TOKIO_FIRST_POLL_DELAY, "first poll delay", stream);
	print_busiest(set, stream);
	fputc('\n', stream);
}
