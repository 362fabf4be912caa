// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "otlp/otlp.h"
#include "prom/text.h"

/* The exposition of model values, which pass through OTLP requests as in the program. */

static const struct otlp_resource_attribute attributes[] = {
	{.key = "service.name", .string = "scotty"},
	{.key = "process.pid", .integer = 42},
};
static const struct otlp_resource resource = {attributes, 2};
static const struct otlp_resource no_resource = {NULL, 0};

static struct arena *arena;
static struct metric_set *set;
static struct prom_request requests[8];
static size_t request_count;
static char *text;
static size_t text_size;

static void start(void)
{
	arena = arena__new(0);
	set = metric_set__new(arena, 1, 2);
	cr_assert_not_null(set);
}

static void end(void)
{
	for (size_t i = 0; i < request_count; i++)
		free((void *)(uintptr_t)requests[i].bytes);
	arena__free(arena);
	free(text);
}

TestSuite(prom_text, .init = start, .fini = end);

static int keep(void *context, const uint8_t *request, size_t size)
{
	uint8_t *copy = malloc(size);

	(void)context;
	memcpy(copy, request, size);
	requests[request_count++] = (struct prom_request){copy, size};
	return 0;
}

/* Encodes the set as one more request, and empties the set. */
static void encode(const struct otlp_resource *of)
{
	cr_assert_eq(otlp_encode_metrics(of, set, keep, NULL, NULL), 0);
	arena__reset(arena);
	set = metric_set__new(arena, 1, 2);
}

static enum prom_format format;

static int print(struct error *error)
{
	FILE *stream;
	int r;

	free(text);
	text = NULL;
	stream = open_memstream(&text, &text_size);
	r = prom_write_text(stream, format, requests, request_count, error);
	fclose(stream);
	return r;
}

static void assert_text(const char *expected)
{
	struct error error = {0};

	cr_assert_eq(print(&error), 0, "%s", error.message);
	cr_assert_str_eq(text, expected);
}

static struct metric_point *add(const struct metric_description *description, const char *key,
				const char *value)
{
	const struct metric_attribute attribute = {key, value};

	return metric_set__point(set, metric_set__metric(set, description), &attribute,
				 key != NULL);
}

Test(prom_text, golden)
{
	static const double bounds[] = {0.0001, 0.005, 10};
	static const uint64_t counts[] = {1, 2, 0, 1};
	static const struct metric_description rss = {"scotty.memory.rss", "By", "Resident memory.",
						      METRIC_GAUGE, ""};
	static const struct metric_description http = {"scotty.http.requests", "{request}",
						       "Answered requests.", METRIC_COUNTER, ""};
	static const struct metric_description duration = {"scotty.http.request.duration", "s",
							   "Time to answer.", METRIC_HISTOGRAM, ""};
	struct metric_point *point;

	metric_set__add_integer(set, &rss, 123456789);
	add(&http, "path", "/api/{id}")->integer = 7;
	add(&http, "path", "/b")->integer = 1;
	point = add(&duration, "method", "GET");
	point->histogram = (struct metric_histogram){.bounds = bounds,
						     .bound_count = 3,
						     .bucket_counts = counts,
						     .count = 4,
						     .sum = 12.25};
	encode(&resource);
	assert_text("# HELP scotty_http_request_duration_seconds Time to answer.\n"
		    "# TYPE scotty_http_request_duration_seconds histogram\n"
		    "scotty_http_request_duration_seconds_bucket{method=\"GET\",le=\"0.0001\"} 1\n"
		    "scotty_http_request_duration_seconds_bucket{method=\"GET\",le=\"0.005\"} 3\n"
		    "scotty_http_request_duration_seconds_bucket{method=\"GET\",le=\"10\"} 3\n"
		    "scotty_http_request_duration_seconds_bucket{method=\"GET\",le=\"+Inf\"} 4\n"
		    "scotty_http_request_duration_seconds_sum{method=\"GET\"} 12.25\n"
		    "scotty_http_request_duration_seconds_count{method=\"GET\"} 4\n"
		    "# HELP scotty_http_requests_total Answered requests.\n"
		    "# TYPE scotty_http_requests_total counter\n"
		    "scotty_http_requests_total{path=\"/api/{id}\"} 7\n"
		    "scotty_http_requests_total{path=\"/b\"} 1\n"
		    "# HELP scotty_memory_rss_bytes Resident memory.\n"
		    "# TYPE scotty_memory_rss_bytes gauge\n"
		    "scotty_memory_rss_bytes 123456789\n"
		    "# HELP target_info Identity of the observed process.\n"
		    "# TYPE target_info gauge\n"
		    "target_info{service_name=\"scotty\",process_pid=\"42\"} 1\n");
}

/* The latest exemplar of each bucket is written; a value on a bound belongs to the bucket below. The
 * older format has none. */
static const struct metric_exemplar exemplars[] = {
	{0.25, 1700000000000000001, "\x01\x02", "\x03"},
	{0.125, 1600000000500000000, "\x04", "\x05"},
	{99, 1700000000000000000, "\xff\xfe\xfd", "\xfc"},
};

static void add_exemplars(bool is_exponential)
{
	static const double bounds[] = {0.25, 0.5, 1};
	static const uint64_t counts[] = {2, 0, 0, 1};
	static const struct metric_description duration = {"d", "s", "Say \"d\".", METRIC_HISTOGRAM,
							   ""};

	add(&duration, "k", "v")->histogram =
		(struct metric_histogram){.bounds = bounds,
					  .bound_count = 3,
					  .bucket_counts = counts,
					  .count = 3,
					  .sum = 5.5,
					  .exemplars = exemplars,
					  .exemplar_count = 3,
					  .is_exponential = is_exponential};
}

Test(prom_text, open_metrics)
{
	static const struct metric_description requests_total = {"r", "{request}", "Requests.",
								 METRIC_COUNTER, ""};

	format = PROM_FORMAT_OPENMETRICS;
	add_exemplars(false);
	add(&requests_total, "k", "v")->integer = 7;
	encode(&resource);
	assert_text("# HELP d_seconds Say \\\"d\\\".\n"
		    "# TYPE d_seconds histogram\n"
		    "d_seconds_bucket{k=\"v\",le=\"0.25\"} 2 # "
		    "{trace_id=\"01020000000000000000000000000000\",span_id=\"0300000000000000\"} "
		    "0.25 1700000000.000000001\n"
		    "d_seconds_bucket{k=\"v\",le=\"0.5\"} 2\n"
		    "d_seconds_bucket{k=\"v\",le=\"1.0\"} 2\n"
		    "d_seconds_bucket{k=\"v\",le=\"+Inf\"} 3 # "
		    "{trace_id=\"fffefd00000000000000000000000000\",span_id=\"fc00000000000000\"} "
		    "99 1700000000.000000000\n"
		    "d_seconds_sum{k=\"v\"} 5.5\n"
		    "d_seconds_count{k=\"v\"} 3\n"
		    "# HELP r Requests.\n"
		    "# TYPE r counter\n"
		    "r_total{k=\"v\"} 7\n"
		    "# HELP target Identity of the observed process.\n"
		    "# TYPE target info\n"
		    "target_info{service_name=\"scotty\",process_pid=\"42\"} 1\n"
		    "# EOF\n");
}

Test(prom_text, open_metrics_of_an_exponential_histogram)
{
	format = PROM_FORMAT_OPENMETRICS;
	add_exemplars(true);
	encode(&no_resource);
	cr_assert_eq(print(NULL), 0);
	cr_assert_not_null(strstr(text, "le=\"0.25\"} 2 # {trace_id=\"0102"), "%s", text);
	cr_assert_not_null(strstr(text, "le=\"+Inf\"} 3 # {trace_id=\"fffefd"), "%s", text);
	cr_assert_null(strstr(text, "trace_id=\"04"), "%s", text);
}

Test(prom_text, has_no_exemplars)
{
	add_exemplars(false);
	encode(&no_resource);
	cr_assert_eq(print(NULL), 0);
	cr_assert_null(strchr(strchr(text, '{'), '#'), "%s", text);
}

/* The buckets of the explicit form, but the last bucket is bounded. */
Test(prom_text, exponential_histogram)
{
	static const double bounds[] = {0.25, 0.5, 1};
	static const uint64_t counts[] = {1, 2, 0, 4};
	static const struct metric_description duration = {"d", "s", "", METRIC_HISTOGRAM, ""};

	add(&duration, "k", "v")->histogram = (struct metric_histogram){.bounds = bounds,
									.bound_count = 3,
									.bucket_counts = counts,
									.count = 7,
									.sum = 5.5,
									.is_exponential = true};
	encode(&no_resource);
	assert_text("# TYPE d_seconds histogram\n"
		    "d_seconds_bucket{k=\"v\",le=\"0.25\"} 1\n"
		    "d_seconds_bucket{k=\"v\",le=\"0.5\"} 3\n"
		    "d_seconds_bucket{k=\"v\",le=\"1\"} 3\n"
		    "d_seconds_bucket{k=\"v\",le=\"2\"} 7\n"
		    "d_seconds_bucket{k=\"v\",le=\"+Inf\"} 7\n"
		    "d_seconds_sum{k=\"v\"} 5.5\n"
		    "d_seconds_count{k=\"v\"} 7\n");
}

/* Texts of bounds are cached across histograms: each histogram must get its own bounds. */
Test(prom_text, bounds_of_several_histograms)
{
	enum {
		MANY = 100
	};
	static const double few[] = {0.5, 2};
	static const struct metric_description first = {"a", "", "", METRIC_HISTOGRAM, ""};
	static const struct metric_description second = {"b", "", "", METRIC_HISTOGRAM, ""};
	static const struct metric_description third = {"c", "", "", METRIC_HISTOGRAM, ""};
	static const uint64_t counts[MANY + 1] = {1};
	double many[MANY];
	char line[64];

	for (int i = 0; i < MANY; i++)
		many[i] = i + 0.25;
	const struct metric_histogram small = {
		.bounds = few, .bound_count = 2, .bucket_counts = counts, .count = 1};
	add(&first, NULL, NULL)->histogram = small;
	add(&second, NULL, NULL)->histogram = (struct metric_histogram){
		.bounds = many, .bound_count = MANY, .bucket_counts = counts, .count = 1};
	add(&third, NULL, NULL)->histogram = small;
	encode(&no_resource);
	cr_assert_eq(print(NULL), 0);
	for (int i = 0; i < MANY; i++) {
		snprintf(line, sizeof(line), "\nb_bucket{le=\"%d.25\"} 1\n", i);
		cr_assert_not_null(strstr(text, line), "%s", line + 1);
	}
	cr_assert_not_null(strstr(text, "\na_bucket{le=\"0.5\"} 1\na_bucket{le=\"2\"} 1\n"));
	cr_assert_not_null(strstr(text, "\nc_bucket{le=\"0.5\"} 1\nc_bucket{le=\"2\"} 1\n"));
}

Test(prom_text, names)
{
	static const struct {
		struct metric_description description;
		bool is_real;
		const char *name;
	} cases[] = {
		{{"scotty.tokio.workers.count", "{worker}", "", METRIC_GAUGE, ""},
		 false,
		 "scotty_tokio_workers_count"},
		{{"scotty.apps.total", "{app}", "", METRIC_GAUGE, ""}, false, "scotty_apps_total"},
		{{"scotty.up", "1", "", METRIC_GAUGE, ""}, false, "scotty_up"},
		{{"load", "1", "", METRIC_GAUGE, ""}, true, "load_ratio"},
		{{"load_ratio", "1", "", METRIC_GAUGE, ""}, true, "load_ratio"},
		{{"errors", "1", "", METRIC_COUNTER, ""}, false, "errors_total"},
		{{"errors.total", "", "", METRIC_COUNTER, ""}, false, "errors_total"},
		{{"busy.total", "s", "", METRIC_COUNTER, ""}, true, "busy_seconds_total"},
		{{"busy.seconds", "s", "", METRIC_COUNTER, ""}, true, "busy_seconds_total"},
		{{"seconds", "s", "", METRIC_GAUGE, ""}, true, "seconds_seconds"},
		{{"queue..len-gth.", "", "", METRIC_UP_DOWN_COUNTER, ""}, false, "queue_len_gth"},
		{{"9lives", "", "", METRIC_GAUGE, ""}, false, "_9lives"},
		{{"a:b", "furlong/h", "", METRIC_GAUGE, ""}, false, "a:b_furlong_h"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char expected[128];

		request_count = 0;
		if (cases[i].is_real)
			metric_set__add_real(set, &cases[i].description, 1);
		else
			metric_set__add_integer(set, &cases[i].description, 1);
		encode(&no_resource);
		snprintf(expected, sizeof(expected), "# TYPE %s %s\n%s 1\n", cases[i].name,
			 cases[i].description.kind == METRIC_COUNTER ? "counter" : "gauge",
			 cases[i].name);
		assert_text(expected);
		free((void *)(uintptr_t)requests[0].bytes);
		request_count = 0;
	}
}

Test(prom_text, escapes)
{
	static const struct metric_description odd = {"odd", "", "back\\slash \"and\"\nline",
						      METRIC_GAUGE, ""};

	add(&odd, "http.route", "a\"b\\c\nd\xff")->integer = 1;
	encode(&no_resource);
	assert_text("# HELP odd back\\\\slash \"and\"\\nline\n# TYPE odd gauge\n"
		    "odd{http_route=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 1\n");
}

Test(prom_text, label_names)
{
	static const struct metric_description gauge = {"g", "", "", METRIC_GAUGE, ""};
	const struct metric_attribute labels[] = {
		{"a.b", "1"}, {"0x", "2"}, {"a_b", "3"}, {"a-b", "4"}, {"le", ""}};

	metric_set__point(set, metric_set__metric(set, &gauge), labels, 5)->integer = 1;
	encode(&no_resource);
	assert_text("# TYPE g gauge\ng{a_b=\"1;3;4\",key_0x=\"2\",le=\"\"} 1\n");
}

Test(prom_text, numbers)
{
	static const struct metric_description gauge = {"g", "", "", METRIC_GAUGE, ""};
	static const double values[] = {0.1, 1e-6, 1.0 / 3, 1e300, NAN, INFINITY, -INFINITY, -0.5};
	static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7"};

	for (size_t i = 0; i < 8; i++) {
		struct metric_point *point = add(&gauge, "i", names[i]);

		point->real = values[i];
		point->is_real = true;
	}
	add(&gauge, "i", "8")->integer = INT64_MIN;
	encode(&no_resource);
	assert_text("# TYPE g gauge\ng{i=\"0\"} 0.1\ng{i=\"1\"} 1e-06\n"
		    "g{i=\"2\"} 0.3333333333333333\ng{i=\"3\"} 1e+300\ng{i=\"4\"} NaN\n"
		    "g{i=\"5\"} +Inf\ng{i=\"6\"} -Inf\ng{i=\"7\"} -0.5\n"
		    "g{i=\"8\"} -9223372036854775808\n");
}

Test(prom_text, a_family_spread_over_requests_is_written_once)
{
	static const struct metric_description b = {"b", "", "B.", METRIC_COUNTER, ""};
	static const struct metric_description a = {"a", "", "A.", METRIC_GAUGE, ""};

	add(&b, "n", "1")->integer = 1;
	metric_set__add_integer(set, &a, 1);
	encode(&resource);
	add(&b, "n", "2")->integer = 2;
	add(&b, NULL, NULL)->is_overflow = true;
	encode(&resource);
	assert_text(
		"# HELP a A.\n# TYPE a gauge\na 1\n"
		"# HELP b_total B.\n# TYPE b_total counter\n"
		"b_total{n=\"1\"} 1\nb_total{n=\"2\"} 2\n"
		"b_total{otel_metric_overflow=\"true\"} 0\n"
		"# HELP target_info Identity of the observed process.\n# TYPE target_info gauge\n"
		"target_info{service_name=\"scotty\",process_pid=\"42\"} 1\n");
}

Test(prom_text, one_name_with_two_types_is_rejected)
{
	static const struct metric_description gauge = {"a_total", "", "", METRIC_GAUGE, ""};
	static const struct metric_description counter = {"a", "", "", METRIC_COUNTER, ""};
	struct error error = {0};

	metric_set__add_integer(set, &gauge, 1);
	metric_set__add_integer(set, &counter, 1);
	encode(&resource);
	cr_assert_eq(print(&error), -EPROTO);
	cr_assert_str_eq(error.message, "metric a_total has two types");
}

Test(prom_text, nothing)
{
	assert_text("");
}

/* Makes a request with every type of point, for the damage tests. */
static void encode_all_kinds(void)
{
	static const double bounds[] = {1, 2};
	static const uint64_t counts[] = {1, 2, 3};
	static const struct metric_description kinds[] = {
		{"counter", "s", "C.", METRIC_COUNTER, ""},
		{"updown", "", "U.", METRIC_UP_DOWN_COUNTER, ""},
		{"gauge", "1", "G.", METRIC_GAUGE, ""},
		{"histogram", "s", "H.", METRIC_HISTOGRAM, ""},
		{"exponential", "s", "E.", METRIC_HISTOGRAM, ""},
	};
	struct metric_histogram histogram = {.bounds = bounds,
					     .bound_count = 2,
					     .bucket_counts = counts,
					     .count = 6,
					     .sum = 9,
					     .exemplars = exemplars,
					     .exemplar_count = 3};

	add(&kinds[0], "key", "value")->integer = 1;
	add(&kinds[1], "key", "value")->integer = 1;
	metric_set__add_real(set, &kinds[2], 0.5);
	add(&kinds[3], "key", "value")->histogram = histogram;
	histogram.is_exponential = true;
	add(&kinds[4], "key", "value")->histogram = histogram;
	encode(&resource);
}

Test(prom_text, truncated_input)
{
	encode_all_kinds();
	for (size_t size = requests[0].size; size-- > 1;) {
		requests[0].size = size;
		cr_assert_eq(print(NULL), -EPROTO, "%zu bytes", size);
	}
}

Test(prom_text, damaged_input)
{
	uint32_t random = 12345;

	encode_all_kinds();
	for (int round = 0; round < 20000; round++) {
		uint8_t damaged[1024];
		size_t size = requests[0].size;
		struct prom_request request = {damaged, size};
		_cleanup_free_ char *out = NULL;
		size_t out_size;
		FILE *stream = open_memstream(&out, &out_size);

		cr_assert_leq(size, sizeof(damaged));
		memcpy(damaged, requests[0].bytes, size);
		for (int flips = 1 + round % 4; flips > 0; flips--) {
			random = random * 1664525 + 1013904223;
			damaged[(random >> 8) % size] ^= (uint8_t)(1u << (random >> 29));
		}
		prom_write_text(stream, (enum prom_format)(round % PROM_FORMAT_COUNT), &request, 1,
				NULL);
		fclose(stream);
	}
}
