// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>

#include "base/cleanup.h"
#include "expected.h"
#include "otlp/decode.h"
#include "otlp/otlp.h"

#define START_NS UINT64_C(0x0102030405060708)
#define TIME_NS	 UINT64_C(0x1112131415161718)

/* Fields 2 and 3 of a point: START_NS and TIME_NS, little-endian. */
#define WIRE_START "\x11\x08\x07\x06\x05\x04\x03\x02\x01"
#define WIRE_TIME  "\x19\x18\x17\x16\x15\x14\x13\x12\x11"

static const struct otlp_resource_attribute attributes[] = {
	{.key = "service.name", .string = "scotty"},
	{.key = "process.pid", .integer = 42},
};
static const struct otlp_resource resource = {attributes, 2};

static const struct metric_description requests = {"scotty.http.requests", "{request}", "Requests.",
						   METRIC_COUNTER, ""};
static const struct metric_description active = {"a", "{x}", "", METRIC_UP_DOWN_COUNTER, ""};
static const struct metric_description share = {"g", "1", "", METRIC_GAUGE, ""};
static const struct metric_description duration = {"h", "s", "", METRIC_HISTOGRAM, ""};

static struct arena *arena;
static struct metric_set *set;
static struct wire_sink sink;
static struct wire expected, items, inner;

static void start(void)
{
	arena = arena__new(0);
	set = metric_set__new(arena, START_NS, TIME_NS);
	cr_assert_not_null(set);
}

static void end(void)
{
	arena__free(arena);
}

TestSuite(otlp_metrics, .init = start, .fini = end);

static void encode(void)
{
	struct error error = {0};

	cr_assert_eq(otlp_encode_metrics(&resource, set, wire_sink_take, &sink, &error), 0, "%s",
		     error.message);
}

Test(otlp_metrics, counter_is_a_monotonic_cumulative_sum)
{
	const struct metric_attribute method = {"method", "GET"};
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, &requests), &method, 1);

	point->integer = 5;
	encode();

	WIRE_LITERAL(&inner, "\x0a\x14scotty.http.requests\x12\x09Requests.\x1a\x09{request}");
	WIRE_LITERAL(&inner, "\x3a\x32"			     /* sum */
			     "\x0a\x2c" WIRE_START WIRE_TIME /* point */
			     "\x31\x05\0\0\0\0\0\0\0"	     /* as_int */
			     "\x3a\x0f\x0a\x06method\x12\x05\x0a\x03GET"
			     "\x10\x02\x18\x01"); /* cumulative, monotonic */
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	cr_assert_eq(sink.requests, 1);
	wire_assert_equal(&sink.last, &expected);
}

Test(otlp_metrics, up_down_counter_and_overflow)
{
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, &active), NULL, 0);

	point->integer = -1;
	point->is_overflow = true;
	encode();

	WIRE_LITERAL(&inner,
		     "\x0a\x01"
		     "a\x1a\x03{x}"
		     "\x3a\x3b\x0a\x37" WIRE_START WIRE_TIME "\x31\xff\xff\xff\xff\xff\xff\xff\xff"
		     "\x3a\x1a\x0a\x14otel.metric.overflow\x12\x02\x10\x01"
		     "\x10\x02");
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
}

Test(otlp_metrics, gauge_has_no_start)
{
	metric_set__add_real(set, &share, 0.5);
	encode();

	WIRE_LITERAL(&inner, "\x0a\x01g\x1a\x01"
			     "1\x2a\x14\x0a\x12" WIRE_TIME "\x21\0\0\0\0\0\0\xe0\x3f");
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
}

Test(otlp_metrics, histogram)
{
	static const double bounds[] = {0.5, 1};
	static const uint64_t counts[] = {1, 0, 2};
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, &duration), NULL, 0);

	point->histogram = (struct metric_histogram){.bounds = bounds,
						     .bound_count = 2,
						     .bucket_counts = counts,
						     .count = 3,
						     .sum = 4.0};
	encode();

	WIRE_LITERAL(&inner, "\x0a\x01h\x1a\x01s\x4a\x54"
			     "\x0a\x50" WIRE_START WIRE_TIME "\x21\x03\0\0\0\0\0\0\0" /* count */
			     "\x29\0\0\0\0\0\0\x10\x40"				      /* sum */
			     "\x32\x18\x01\0\0\0\0\0\0\0"			      /* buckets */
			     "\0\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0"
			     "\x3a\x10\0\0\0\0\0\0\xe0\x3f" /* bounds */
			     "\0\0\0\0\0\0\xf0\x3f"
			     "\x10\x02");
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
}

/* 1 value up to 1/4, none up to 1/2, 2 up to 1, 3 above: the zero bucket, and those that begin at
 * 2^-2, 2^-1 and 2^0. */
Test(otlp_metrics, exponential_histogram)
{
	static const double bounds[] = {0.25, 0.5, 1};
	static const uint64_t counts[] = {1, 0, 2, 300};
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, &duration), NULL, 0);

	point->histogram = (struct metric_histogram){.bounds = bounds,
						     .bound_count = 3,
						     .bucket_counts = counts,
						     .count = 303,
						     .sum = 4.0,
						     .is_exponential = true};
	encode();

	WIRE_LITERAL(&inner, "\x0a\x01h\x1a\x01s\x52\x44"
			     "\x0a\x40\x11\x08\x07\x06\x05\x04\x03\x02\x01" WIRE_TIME
			     "\x21\x2f\x01\0\0\0\0\0\0"		      /* count */
			     "\x29\0\0\0\0\0\0\x10\x40"		      /* sum */
			     "\x39\x01\0\0\0\0\0\0\0"		      /* zero_count */
			     "\x42\x08\x08\x03\x12\x04\0\x02\xac\x02" /* offset -2, counts */
			     "\x71\0\0\0\0\0\0\xd0\x3f"		      /* zero_threshold */
			     "\x10\x02");
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
	cr_assert_eq(otlp_count_points(sink.last.bytes, sink.last.size), 1u);
}

/* Time, value, span id and trace id of an exemplar (opentelemetry/proto/metrics/v1, Exemplar). */
#define WIRE_EXEMPLAR                                    \
	"\x11\x09\0\0\0\0\0\0\0\x19\0\0\0\0\0\0\xe8\x3f" \
	"\x22\x08spanspan\x2a\x10tracetracetracet"

static const struct metric_exemplar exemplar = {
	.value = 0.75,
	.time_ns = 9,
	.trace_id = "tracetracetracet",
	.span_id = "spanspan",
};

Test(otlp_metrics, exemplars_of_a_histogram)
{
	static const double bounds[] = {1};
	static const uint64_t counts[] = {1, 0};
	struct wire histogram = {0}, point_wire = {0};
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, &duration), NULL, 0);

	point->histogram = (struct metric_histogram){.bounds = bounds,
						     .bound_count = 1,
						     .bucket_counts = counts,
						     .count = 1,
						     .sum = 4.0,
						     .exemplars = &exemplar,
						     .exemplar_count = 1};
	encode();

	WIRE_LITERAL(&point_wire, WIRE_START WIRE_TIME "\x21\x01\0\0\0\0\0\0\0"
						       "\x29\0\0\0\0\0\0\x10\x40"
						       "\x32\x10\x01\0\0\0\0\0\0\0"
						       "\0\0\0\0\0\0\0\0"
						       "\x3a\x08\0\0\0\0\0\0\xf0\x3f");
	wire_field(&point_wire, 8, WIRE_EXEMPLAR, sizeof(WIRE_EXEMPLAR) - 1);
	wire_nested(&histogram, 1, &point_wire);
	WIRE_LITERAL(&histogram, "\x10\x02");
	WIRE_LITERAL(&inner, "\x0a\x01h\x1a\x01s");
	wire_nested(&inner, 9, &histogram);
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
}

Test(otlp_metrics, exemplars_of_an_exponential_histogram)
{
	static const double bounds[] = {0.5, 1};
	static const uint64_t counts[] = {0, 1, 0};
	struct wire histogram = {0}, point_wire = {0};
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, &duration), NULL, 0);

	point->histogram = (struct metric_histogram){.bounds = bounds,
						     .bound_count = 2,
						     .bucket_counts = counts,
						     .count = 1,
						     .sum = 4.0,
						     .exemplars = &exemplar,
						     .exemplar_count = 1,
						     .is_exponential = true};
	encode();

	WIRE_LITERAL(&point_wire,
		     "\x11\x08\x07\x06\x05\x04\x03\x02\x01" WIRE_TIME "\x21\x01\0\0\0\0\0\0\0"
		     "\x29\0\0\0\0\0\0\x10\x40"
		     "\x42\x06\x08\x01\x12\x02\x01\0");
	wire_field(&point_wire, 11, WIRE_EXEMPLAR, sizeof(WIRE_EXEMPLAR) - 1);
	WIRE_LITERAL(&point_wire, "\x71\0\0\0\0\0\0\xe0\x3f");
	wire_nested(&histogram, 1, &point_wire);
	WIRE_LITERAL(&histogram, "\x10\x02");
	WIRE_LITERAL(&inner, "\x0a\x01h\x1a\x01s");
	wire_nested(&inner, 10, &histogram);
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
}

Test(otlp_metrics, a_histogram_without_points_is_no_request)
{
	metric_set__metric(set, &duration);
	encode();
	cr_assert_eq(sink.requests, 0);
}

Test(otlp_metrics, nothing_to_say_is_no_request)
{
	encode();
	metric_set__metric(set, &requests);
	encode();
	cr_assert_eq(sink.requests, 0);
}

Test(otlp_metrics, invalid_utf8_is_replaced)
{
	const struct metric_attribute method = {"method", "a\xff\xc3\xa4\xed\xa0\x80"};
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, &share), &method, 1);

	point->integer = 1;
	encode();
	cr_assert_not_null(memmem(sink.last.bytes, sink.last.size,
				  "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 15));
}

/* Adds up what each request holds, and checks that each can be read. */
struct tally {
	size_t requests;
	uint64_t points;
};

static int tally_take(void *context, const uint8_t *request, size_t size)
{
	struct tally *tally = context;
	uint64_t points = otlp_count_points(request, size);

	cr_assert_leq(size, OTLP_REQUEST_LIMIT_BYTES);
	cr_assert_gt(points, 0u);
	tally->requests++;
	tally->points += points;
	return 0;
}

Test(otlp_metrics, splits_before_the_limit_and_loses_no_point)
{
	enum {
		POINTS = 40000
	};
	struct tally tally = {0};
	char path[128];

	metric_set__add_integer(set, &active, 1);
	for (int i = 0; i < POINTS; i++) {
		const struct metric_attribute attribute = {"path", path};

		snprintf(path, sizeof(path), "%0*d", (int)sizeof(path) - 1, i);
		metric_set__point(set, metric_set__metric(set, &requests), &attribute, 1);
	}
	metric_set__add_integer(set, &share, 1);
	cr_assert_eq(otlp_encode_metrics(&resource, set, tally_take, &tally, NULL), 0);
	cr_assert_eq(tally.points, POINTS + 2);
	cr_assert_eq(tally.requests, 3, "%zu requests", tally.requests);
}

Test(otlp_metrics, a_point_over_the_limit_is_an_error)
{
	size_t size = OTLP_REQUEST_LIMIT_BYTES + 1;
	_cleanup_free_ char *path = malloc(size);
	const struct metric_attribute attribute = {"path", path};
	struct error error = {0};

	memset(path, 'p', size - 1);
	path[size - 1] = '\0';
	metric_set__point(set, metric_set__metric(set, &requests), &attribute, 1);
	cr_assert_eq(otlp_encode_metrics(&resource, set, wire_sink_take, &sink, &error), -EMSGSIZE);
	cr_assert_str_eq(error.message,
			 "a point of metric scotty.http.requests does not fit in a request");
	cr_assert_eq(sink.requests, 0);
}

Test(otlp_metrics, the_callbacks_error_ends_it)
{
	metric_set__add_integer(set, &requests, 1);
	sink.answer = -EPIPE;
	cr_assert_eq(otlp_encode_metrics(&resource, set, wire_sink_take, &sink, NULL), -EPIPE);
}
