// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "metric/names.h"
#include "report/report.h"
#include "report/report_internal.h"

const struct metric *report_find(const struct metric_set *set, enum metric_id id)
{
	for (const struct metric *metric = set->metrics; metric; metric = metric->next) {
		if (metric->description == &metric_descriptions[id])
			return metric;
	}
	return NULL;
}

int64_t report_value(const struct metric_set *set, enum metric_id id)
{
	const struct metric *metric = report_find(set, id);

	return metric && metric->points ? metric->points->integer : 0;
}

void report_print_duration(double seconds, FILE *stream)
{
	if (isnan(seconds))
		fprintf(stream, "%9s", "-");
	else if (seconds < 1e-3)
		fprintf(stream, "%6.4g us", seconds * 1e6);
	else if (seconds < 1)
		fprintf(stream, "%6.4g ms", seconds * 1e3);
	else if (seconds < 3600)
		fprintf(stream, "%6.4g s ", seconds);
	else
		fprintf(stream, "%6.4g h ", seconds / 3600);
}

void report_print_picture(const struct metric_histogram *histogram, FILE *stream)
{
	static const char *const heights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	uint64_t highest = 1;

	for (size_t i = 0; i <= histogram->bound_count; i++) {
		if (histogram->bucket_counts[i] > highest)
			highest = histogram->bucket_counts[i];
	}
	report_print_duration(histogram->bounds[0], stream);
	fputc(' ', stream);
	for (size_t i = 0; i <= histogram->bound_count; i++) {
		uint64_t count = histogram->bucket_counts[i];

		/* A non-zero count has at least the lowest bar. */
		fputs(count ? heights[count * 7 / highest] : "·", stream);
	}
	fputc(' ', stream);
	report_print_duration(histogram->bounds[histogram->bound_count - 1], stream);
}

const char *report_attribute(const struct metric_set *set, const struct metric_point *point,
			     const char *key)
{
	const char *name = metric_attribute_name_in(set->names, key);

	for (size_t i = 0; i < point->attribute_count; i++) {
		if (strcmp(point->attributes[i].key, name) == 0)
			return point->attributes[i].value;
	}
	return point->is_overflow ? "(others)" : "";
}

static void print_request_row(const struct metric_set *set, const struct metric_point *point,
			      FILE *stream)
{
	const struct metric_histogram *histogram = &point->histogram;

	fputs("  ", stream);
	printable_write(report_attribute(set, point, "method"), 7, stream);
	fputc(' ', stream);
	printable_write(report_attribute(set, point, "path"), 46, stream);
	fputc(' ', stream);
	printable_write(report_attribute(set, point, "status"), 7, stream);
	fprintf(stream, " %9" PRIu64 "  ", histogram->count);
	report_print_duration(histogram->sum / (double)histogram->count, stream);
	fputs("  ", stream);
	report_print_duration(metric_histogram__quantile(histogram, 0.5), stream);
	fputs("  ", stream);
	report_print_duration(metric_histogram__quantile(histogram, 0.9), stream);
	fputs("  ", stream);
	report_print_duration(metric_histogram__quantile(histogram, 0.99), stream);
	fputs("  ", stream);
	report_print_picture(histogram, stream);
	fputc('\n', stream);
}

static int compare_counts(const void *left, const void *right)
{
	const struct metric_point *a = *(const struct metric_point *const *)left;
	const struct metric_point *b = *(const struct metric_point *const *)right;

	return (a->histogram.count < b->histogram.count) -
	       (a->histogram.count > b->histogram.count);
}

/* Returns the label sets in descending order of their number of requests. The array is in the set's
 * arena; NULL when out of memory. */
static const struct metric_point **sort_by_count(const struct metric_set *set,
						 const struct metric *durations)
{
	const struct metric_point **points =
		arena__alloc_array(set->arena, durations->point_count, sizeof(const void *));
	size_t count = 0;

	if (!points)
		return NULL;
	for (const struct metric_point *point = durations->points; point; point = point->next)
		points[count++] = point;
	qsort(points, count, sizeof(const void *), compare_counts);
	return points;
}

static void print_requests(const struct metric_set *set, FILE *stream)
{
	const struct metric *durations = report_find(set, METRIC_ID_HTTP_REQUEST_DURATION);
	const struct metric_point **points = durations ? sort_by_count(set, durations) : NULL;

	fprintf(stream, "Requests\n  %-7s %-46s %-7s %9s  %9s  %9s  %9s  %9s\n", "method", "route",
		"status", "count", "mean", "p50", "p90", "p99");
	if (!durations)
		fprintf(stream, "  no request ended during the observation\n");
	for (size_t i = 0; points && i < durations->point_count; i++)
		print_request_row(set, points[i], stream);
	fprintf(stream, "  in progress: %" PRId64 "\n\n",
		report_value(set, METRIC_ID_HTTP_REQUESTS_ACTIVE));
}

static void print_memory(const struct metric_set *set, FILE *stream)
{
	const double mebibyte = 1024 * 1024;

	fprintf(stream, "Memory\n  resident %.1f MiB (peak %.1f MiB), virtual %.1f MiB\n\n",
		(double)report_value(set, METRIC_ID_MEMORY_RSS) / mebibyte,
		(double)report_value(set, METRIC_ID_MEMORY_RSS_PEAK) / mebibyte,
		(double)report_value(set, METRIC_ID_MEMORY_VIRTUAL) / mebibyte);
}

static void print_drop(void *context, const char *cause, const char *what, uint64_t count)
{
	fprintf(context, "  %" PRIu64 " %s (%s)\n", count, what, cause);
}

static void print_dropped(const struct report_context *context, FILE *stream)
{
	fputs("Dropped\n", stream);
	if (self_total_dropped(context->snapshot, context->counters) == 0)
		fputs("  nothing\n", stream);
	self_for_each_drop(context->snapshot, context->counters, print_drop, stream);
	fprintf(stream,
		"  counts and sums are exact%s; percentiles are interpolated within a bucket\n\n",
		context->snapshot->pipeline.has_estimates
			? " except for tokio's poll metrics, which are estimates"
			: "");
}

/* Prints how many items the collector at `target` accepted. */
static void print_delivered(const char *target, const char *what, uint64_t accepted, FILE *stream)
{
	if (!target)
		return;
	if (accepted == 0)
		fprintf(stream, "  no %s reached the collector at %s\n", what, target);
	else
		fprintf(stream, "  the collector at %s accepted %" PRIu64 " %s\n", target, accepted,
			what);
}

static void print_next(const struct report_context *context, FILE *stream)
{
	const struct export_statistics *exporter = &context->counters->exporter;

	fputs("Next\n", stream);
	if (context->metrics_url)
		fprintf(stream, "  metrics for Prometheus: %s (while scottyscope runs)\n",
			context->metrics_url);
	print_delivered(context->metrics_target, "metric points", exporter->metric_points_sent,
			stream);
	print_delivered(context->traces_target, "spans", exporter->spans_sent, stream);
	fputs("  instrumentation, missing parts and reasons: scottyscope verify\n"
	      "  observe until Ctrl-C: sudo scottyscope\n",
	      stream);
}

void report_print_text(const struct metric_set *set, const struct report_context *context,
		       FILE *stream)
{
	printable_write(context->executable_path, 0, stream);
	fprintf(stream, " (process %d), observed for %.1f s\n\n", context->pid,
		(double)(set->time_ns - set->start_ns) / 1e9);
	print_requests(set, stream);
	report_print_sessions(set, stream);
	report_print_tokio(set, stream);
	print_memory(set, stream);
	print_dropped(context, stream);
	print_next(context, stream);
}
