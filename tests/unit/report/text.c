// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <version.h>

#include "base/arena.h"
#include "metric/descriptions.h"
#include "metric/metric.h"
#include "report/report.h"
#include "unit/hostile.h"

static const struct otlp_resource_attribute attributes_of_resource[] = {
	{.key = "service.name", .string = "scotty"},
	{.key = "process.pid", .integer = 7},
};
static const struct otlp_resource resource = {attributes_of_resource, 2};

static struct metric_set *sample_named(struct arena *arena, enum config_names names)
{
	static const double bounds[] = {0.001, 0.01, 0.1};
	static const uint64_t counts[] = {90, 9, 1, 0};
	const struct metric_attribute attributes[] = {
		{"method", "GET"}, {"path", "/api/{id}"}, {"status", "200"}};
	struct metric_set *set = metric_set__new(arena, 0, 5000000000);
	struct metric_point *point;

	set->names = names;
	point = metric_set__point(
		set, metric_set__metric(set, &metric_descriptions[METRIC_ID_HTTP_REQUEST_DURATION]),
		attributes, 3);
	point->histogram = (struct metric_histogram){.bounds = bounds,
						     .bound_count = 3,
						     .bucket_counts = counts,
						     .count = 100,
						     .sum = 0.5};
	metric_set__add_integer(set, &metric_descriptions[METRIC_ID_TOKIO_POLL_COUNT], 12345);
	return set;
}

static struct metric_set *sample(struct arena *arena)
{
	return sample_named(arena, NAMES_DOCS);
}

static char *text_in_context(const struct metric_set *set, const struct report_context *context)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	report_print_text(set, context, stream);
	fclose(stream);
	return text;
}

static char *text_of(const struct metric_set *set, uint64_t dropped)
{
	static struct snapshot snapshot;
	const struct self_counters counters = {.exporter.spans_dropped_queue_full = dropped};
	const struct report_context context = {
		.executable_path = "/opt/scotty",
		.pid = 7,
		.snapshot = &snapshot,
		.counters = &counters,
	};

	return text_in_context(set, &context);
}

Test(report_text, numbers_of_the_collection_are_shown)
{
	struct arena *arena = arena__new(0);
	char *text = text_of(sample(arena), 0);

	cr_assert_not_null(strstr(text, "/opt/scotty (process 7), observed for 5.0 s"));
	cr_assert_not_null(strstr(text, "GET     /api/{id}"));
	/* 0.5 s by 100 requests. */
	cr_assert_not_null(strstr(text, "      100       5 ms"), "%s", text);
	cr_assert_not_null(strstr(text, "polls 12345"));
	/* 50 of 100 lie in the first bucket's 90: 0.5556 ms; 99 % at the end of the second. */
	cr_assert_not_null(strstr(text, " 555.6 us"), "%s", text);
	cr_assert_not_null(strstr(text, "    10 ms"), "%s", text);
	cr_assert_not_null(strstr(text, "counts and sums are exact; percentiles are interpolated"));
	free(text);
	arena__free(arena);
}

Test(report_text, estimates_are_not_called_exact)
{
	struct arena *arena = arena__new(0);
	static const struct snapshot snapshot = {.pipeline.has_estimates = true};
	const struct self_counters counters = {0};
	struct report_context context = {
		.executable_path = "/opt/scotty", .snapshot = &snapshot, .counters = &counters};
	char *text = text_in_context(sample(arena), &context);

	cr_assert_null(strstr(text, "sums are exact;"));
	cr_assert_not_null(
		strstr(text, "exact except for tokio's poll metrics, which are estimates"));
	free(text);
	arena__free(arena);
}

static void add_point(struct metric_set *set, enum metric_id id, const char *task, int64_t integer,
		      double real)
{
	const struct metric_attribute attribute = {"task", task};
	struct metric_point *point = metric_set__point(
		set, metric_set__metric(set, &metric_descriptions[id]), &attribute, 1);

	point->is_real = real > 0;
	if (point->is_real)
		point->real = real;
	else
		point->integer = integer;
}

static struct metric_set *hostile_set(struct arena *arena)
{
	static const double bounds[] = {1};
	static const uint64_t counts[] = {1, 0};
	const struct metric_attribute attributes[] = {
		{"method", "GET"}, {"path", HOSTILE}, {"status", HOSTILE}};
	struct metric_set *set = metric_set__new(arena, 0, 1);

	metric_set__point(
		set, metric_set__metric(set, &metric_descriptions[METRIC_ID_HTTP_REQUEST_DURATION]),
		attributes, 3)
		->histogram = (struct metric_histogram){
		.bounds = bounds, .bound_count = 1, .bucket_counts = counts, .count = 1};
	add_point(set, METRIC_ID_TOKIO_TASK_BUSY, HOSTILE, 0, 1);
	return set;
}

/* The server chooses its path, its routes and the names of its tasks. */
Test(report_text, text_of_the_server_is_printable)
{
	struct arena *arena = arena__new(0);
	static const struct snapshot snapshot;
	const struct self_counters counters = {0};
	struct report_context context = {
		.executable_path = HOSTILE, .snapshot = &snapshot, .counters = &counters};
	char *text = text_in_context(hostile_set(arena), &context);

	assert_replaced(text, 4);
	free(text);
	arena__free(arena);
}

Test(report_json, text_of_the_server_is_exact_or_repaired)
{
	static const struct otlp_resource_attribute attributes[] = {
		{.key = HOSTILE, .string = HOSTILE},
		{.key = "os.type", .string = "linux"},
	};
	const struct otlp_resource hostile = {attributes, 2};
	struct arena *arena = arena__new(0);
	struct error error;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	json_t *root, *metrics, *labels;

	cr_assert_eq(report_print_json(hostile_set(arena), &hostile, stream, &error), 0);
	fclose(stream);
	root = json_loads(text, 0, NULL);
	cr_assert_str_eq(json_string_value(json_object_get(json_object_get(root, "resource"),
							   HOSTILE_REPAIRED)),
			 HOSTILE_REPAIRED);
	metrics = json_object_get(root, "metrics");
	labels = json_object_get(
		json_array_get(json_object_get(json_array_get(metrics, 0), "points"), 0),
		"attributes");
	cr_assert_eq(json_object_size(labels), 3);
	cr_assert_str_eq(json_string_value(json_object_get(labels, "path")), HOSTILE_REPAIRED);
	json_decref(root);
	free(text);
	arena__free(arena);
}

Test(report_text, sessions_are_shown_where_they_can_be_had)
{
	static const double bounds[] = {1, 60};
	static const uint64_t counts[] = {3, 1, 0};
	struct arena *arena = arena__new(0);
	struct metric_set *set = sample(arena);
	char *text = text_of(set, 0);

	cr_assert_null(strstr(text, "Sessions"));
	free(text);
	metric_set__add_integer(set, &metric_descriptions[METRIC_ID_SHELL_SESSIONS], 12);
	metric_set__add_integer(set, &metric_descriptions[METRIC_ID_SHELL_SESSIONS_ACTIVE], 8);
	metric_set__add_integer(set, &metric_descriptions[METRIC_ID_SHELL_SESSION_ERRORS], 1);
	metric_set__add_integer(set, &metric_descriptions[METRIC_ID_SHELL_SESSION_TIMEOUTS], 2);
	metric_set__add_integer(set, &metric_descriptions[METRIC_ID_WEBSOCKET_MESSAGES_SENT], 77);
	metric_set__point(
		set,
		metric_set__metric(set, &metric_descriptions[METRIC_ID_SHELL_SESSION_DURATION]),
		NULL, 0)
		->histogram = (struct metric_histogram){
		.bounds = bounds, .bound_count = 2, .bucket_counts = counts, .count = 4};
	text = text_of(set, 0);
	cr_assert_not_null(
		strstr(text, "  shell sessions        12         8         3   666.7 ms"), "%s",
		text);
	cr_assert_null(strstr(text, "compose tasks"));
	cr_assert_not_null(strstr(text, "messages sent 77, received 0"));
	free(text);
	arena__free(arena);
}

Test(report_text, the_busiest_kinds_of_tasks_go_first)
{
	static const char *const tasks[] = {"a", "b", "c", "d", "e", "f", "idle"};
	struct arena *arena = arena__new(0);
	struct metric_set *set = sample(arena);
	const char *first, *second;
	char *text;

	for (int i = 0; i < 7; i++) {
		add_point(set, METRIC_ID_TOKIO_TASK_POLLS, tasks[i], 10 + i, 0);
		add_point(set, METRIC_ID_TOKIO_TASK_BUSY, tasks[i], 0, i < 6 ? i + 1 : 0);
	}
	text = text_of(set, 0);
	first = strstr(text, "     6 s  in        15 polls of f\n");
	second = strstr(text, "     5 s  in        14 polls of e\n");
	cr_assert(first && second && first < second, "%s", text);
	cr_assert_not_null(strstr(text, "polls of b\n"));
	cr_assert_null(strstr(text, "polls of a\n"));
	cr_assert_null(strstr(text, "polls of idle\n"));
	free(text);
	arena__free(arena);
}

/* Names in another naming are the same metrics and attributes. */
Test(report_text, does_not_depend_on_the_naming)
{
	struct arena *arena = arena__new(0);
	struct metric_set *set = metric_set__new(arena, 0, 1);
	const struct metric_attribute path = {"path", "/api/{id}"};
	static const double bounds[] = {1};
	static const uint64_t counts[] = {1, 0};
	char *text;

	set->names = NAMES_SCOTTY_0_3;
	metric_set__point(
		set, metric_set__metric(set, &metric_descriptions[METRIC_ID_HTTP_REQUEST_DURATION]),
		&path, 1)
		->histogram = (struct metric_histogram){
		.bounds = bounds, .bound_count = 1, .bucket_counts = counts, .count = 1};
	text = text_of(set, 0);
	cr_assert_not_null(strstr(text, "/api/{id}"));
	free(text);
	arena__free(arena);
}

Test(report_text, it_is_the_same_in_scotty_s_own_names)
{
	struct arena *arena = arena__new(0);
	char *docs = text_of(sample(arena), 0);
	char *scotty = text_of(sample_named(arena, NAMES_SCOTTY_0_3), 0);

	cr_assert_str_eq(scotty, docs);
	free(scotty);
	free(docs);
	arena__free(arena);
}

Test(report_text, every_cause_of_dropped_data_is_a_line)
{
	struct arena *arena = arena__new(0);
	char *text = text_of(sample(arena), 0);

	cr_assert_not_null(strstr(text, "Dropped\n  nothing\n"), "%s", text);
	free(text);
	text = text_of(sample(arena), 3);
	cr_assert_null(strstr(text, "  nothing\n"));
	cr_assert_not_null(strstr(text, "Dropped\n  3 spans: the export queue was full"), "%s",
			   text);
	cr_assert_not_null(strstr(text, "(spans_queue_full)\n"));
	free(text);
	arena__free(arena);
}

Test(report_text, only_data_that_the_collector_accepted_was_delivered)
{
	static const struct snapshot snapshot;
	struct arena *arena = arena__new(0);
	struct self_counters counters = {0};
	struct report_context context = {
		.executable_path = "/opt/scotty",
		.snapshot = &snapshot,
		.counters = &counters,
		.metrics_target = "127.0.0.1:5555",
		.traces_target = "127.0.0.1:5556",
	};
	char *text = text_in_context(sample(arena), &context);

	cr_assert_not_null(
		strstr(text, "no metric points reached the collector at 127.0.0.1:5555"));
	cr_assert_not_null(strstr(text, "no spans reached the collector at 127.0.0.1:5556"));
	free(text);
	counters.exporter.metric_points_sent = 12;
	counters.exporter.spans_sent = 34;
	text = text_in_context(sample(arena), &context);
	cr_assert_not_null(strstr(text, "collector at 127.0.0.1:5555 accepted 12 metric points"));
	cr_assert_not_null(strstr(text, "collector at 127.0.0.1:5556 accepted 34 spans"));
	free(text);
	arena__free(arena);
}

Test(report_text, an_empty_set_is_printed)
{
	struct arena *arena = arena__new(0);
	char *text = text_of(metric_set__new(arena, 0, 1), 0);

	cr_assert_not_null(strstr(text, "no request ended"));
	free(text);
	arena__free(arena);
}

Test(report_json, the_collection_reads_back_from_json)
{
	struct arena *arena = arena__new(0);
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	cr_assert_eq(report_print_json(sample(arena), &resource, stream, NULL), 0);
	fclose(stream);

	json_t *root = json_loads(text, 0, NULL);
	json_t *first = json_array_get(json_object_get(root, "metrics"), 0);
	json_t *point = json_array_get(json_object_get(first, "points"), 0);
	json_t *histogram = json_object_get(point, "histogram");
	json_t *process = json_object_get(root, "resource");

	cr_assert_eq(json_integer_value(json_object_get(root, "schema")), 1);
	cr_assert_str_eq(json_string_value(json_object_get(root, "version")), SCOTTYSCOPE_VERSION);
	cr_assert_str_eq(json_string_value(json_object_get(process, "service.name")), "scotty");
	cr_assert_eq(json_integer_value(json_object_get(process, "process.pid")), 7);
	cr_assert_str_eq(json_string_value(json_object_get(first, "name")),
			 "scotty.http.request.duration");
	cr_assert_eq(json_integer_value(json_object_get(histogram, "count")), 100);
	cr_assert_eq(json_array_size(json_object_get(histogram, "counts")), 4);
	cr_assert_str_eq(
		json_string_value(json_object_get(json_object_get(point, "attributes"), "path")),
		"/api/{id}");
	json_decref(root);
	free(text);
	arena__free(arena);
}

/* The first point of a set's last metric, as JSON; to be given back. */
static json_t *json_of_last(const struct metric_set *set, char **ret_name)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	json_t *root, *metrics, *last, *point;

	cr_assert_eq(report_print_json(set, &resource, stream, NULL), 0);
	fclose(stream);
	root = json_loads(text, 0, NULL);
	metrics = json_object_get(root, "metrics");
	last = json_array_get(metrics, json_array_size(metrics) - 1);
	point = json_incref(json_array_get(json_object_get(last, "points"), 0));
	*ret_name = strdup(json_string_value(json_object_get(last, "name")));
	json_decref(root);
	free(text);
	return point;
}

Test(report_json, values_are_integers_or_reals_as_they_were_counted)
{
	struct arena *arena = arena__new(0);
	struct metric_set *set = metric_set__new(arena, 0, 1);
	json_t *point;
	char *name;

	metric_set__add_integer(set, &metric_descriptions[METRIC_ID_TOKIO_POLL_COUNT], 5000000000);
	point = json_of_last(set, &name);
	cr_assert(json_is_integer(json_object_get(point, "value")));
	cr_assert_eq(json_integer_value(json_object_get(point, "value")), 5000000000);
	json_decref(point);
	free(name);
	metric_set__add_real(set, &metric_descriptions[METRIC_ID_TOKIO_TASK_BUSY], 0.25);
	point = json_of_last(set, &name);
	cr_assert_eq(json_real_value(json_object_get(point, "value")), 0.25);
	json_decref(point);
	free(name);
	arena__free(arena);
}

Test(report_json, metrics_and_attributes_have_the_names_that_were_asked_for)
{
	struct arena *arena = arena__new(0);
	struct metric_set *set = sample_named(arena, NAMES_SCOTTY_0_3);
	json_t *point, *attributes;
	char *name;

	metric_set__point(set,
			  metric_set__metric(set, &metric_descriptions[METRIC_ID_HTTP_REQUESTS]),
			  (const struct metric_attribute[]){{"path", "/api/{id}"}}, 1)
		->is_overflow = true;
	point = json_of_last(set, &name);
	attributes = json_object_get(point, "attributes");
	cr_assert_str_eq(name, "scotty.http.requests.total");
	cr_assert_str_eq(json_string_value(json_object_get(attributes, "route")), "/api/{id}");
	cr_assert_null(json_object_get(attributes, "path"));
	cr_assert(json_is_true(json_object_get(attributes, "otel.metric.overflow")));
	json_decref(point);
	free(name);
	arena__free(arena);
}
