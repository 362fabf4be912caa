// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "metric/descriptions.h"
#include "report/report.h"

static struct metric_set *sample(struct arena *arena)
{
	static const double bounds[] = {0.001, 0.01, 0.1};
	static const uint64_t counts[] = {90, 9, 1, 0};
	const struct metric_attribute attributes[] = {
		{"method", "GET"}, {"path", "/api/{id}"}, {"status", "200"}};
	struct metric_set *set = metric_set__new(arena, 0, 5000000000);
	struct metric_point *point = metric_set__point(
		set, metric_set__metric(set, &metric_descriptions[METRIC_ID_HTTP_REQUEST_DURATION]),
		attributes, 3);

	point->histogram = (struct metric_histogram){bounds, 3, counts, 100, 0.5};
	metric_set__add_integer(set, &metric_descriptions[METRIC_ID_TOKIO_POLL_COUNT], 12345);
	return set;
}

static char *text_of(const struct metric_set *set, uint64_t lost)
{
	struct report_context context = {.executable_path = "/opt/scotty", .pid = 7, .lost = lost};
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	report_print_text(set, &context, stream);
	fclose(stream);
	return text;
}

Test(report_text, numbers_of_the_collection_are_shown)
{
	struct arena *arena = arena__new(0);
	char *text = text_of(sample(arena), 0);

	cr_assert_not_null(strstr(text, "/opt/scotty (process 7), seen from outside for 5.0 s"));
	cr_assert_not_null(strstr(text, "GET     /api/{id}"));
	cr_assert_not_null(strstr(text, "polls 12345"));
	/* 50 of 100 lie in the first bucket's 90: 0.5556 ms; 99 % at the end of the second. */
	cr_assert_not_null(strstr(text, " 555.6 us"), "%s", text);
	cr_assert_not_null(strstr(text, "    10 ms"), "%s", text);
	cr_assert_not_null(strstr(text, "every number above is exact"));
	free(text);
	arena__free(arena);
}

Test(report_text, losses_are_not_hidden)
{
	struct arena *arena = arena__new(0);
	char *text = text_of(sample(arena), 3);

	cr_assert_null(strstr(text, "exact"));
	cr_assert_not_null(strstr(text, "3 events"));
	free(text);
	arena__free(arena);
}

Test(report_text, an_empty_collection_is_no_trouble)
{
	struct arena *arena = arena__new(0);
	char *text = text_of(metric_set__new(arena, 0, 1), 0);

	cr_assert_not_null(strstr(text, "none were finished"));
	free(text);
	arena__free(arena);
}

Test(report_json, the_collection_reads_back_from_json)
{
	struct arena *arena = arena__new(0);
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	cr_assert_eq(report_print_json(sample(arena), stream, NULL), 0);
	fclose(stream);

	json_t *root = json_loads(text, 0, NULL);
	json_t *first = json_array_get(json_object_get(root, "metrics"), 0);
	json_t *point = json_array_get(json_object_get(first, "points"), 0);
	json_t *histogram = json_object_get(point, "histogram");

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
