// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>

#include "base/cleanup.h"
#include "expected.h"
#include "otlp/otlp.h"

#define WIRE_START "\x39\x08\x07\x06\x05\x04\x03\x02\x01"
#define WIRE_END   "\x41\x18\x17\x16\x15\x14\x13\x12\x11"

static const struct otlp_resource_attribute resource_attributes[] = {
	{.key = "service.name", .string = "scotty"},
	{.key = "process.pid", .integer = 42},
};
static const struct otlp_resource resource = {resource_attributes, 2};

static struct wire_sink sink;
static struct wire expected, items, inner;

static struct span new_span(void)
{
	return (struct span){
		.trace_id = "0123456789abcde",
		.span_id = "ABCDEFG",
		.name = "HTTP GET /",
		.kind = SPAN_SERVER,
		.trace_flags = TRACE_FLAG_SAMPLED,
		.start_ns = UINT64_C(0x0102030405060708),
		.end_ns = UINT64_C(0x1112131415161718),
	};
}

static int encode(struct span *span, struct error *error)
{
	struct span_batch batch = {.first = span, .last = span, .count = 1};

	return otlp_encode_spans(&resource, &batch, wire_sink_take, &sink, error);
}

Test(otlp_spans, root_span_of_a_request)
{
	struct span_attribute attributes[] = {
		span_string("http.route", "/"),
		span_integer("status", 200),
	};
	struct span span = new_span();

	span.attributes = attributes;
	span.attribute_count = 2;
	cr_assert_eq(encode(&span, NULL), 0);

	WIRE_LITERAL(&inner,
		     "\x0a\x10"
		     "0123456789abcde\0\x12\x08"
		     "ABCDEFG\0\x2a\x0aHTTP GET /\x30\x02" WIRE_START WIRE_END
		     "\x4a\x11\x0a\x0ahttp.route\x12\x03\x0a\x01/"
		     "\x4a\x0d\x0a\x06status\x12\x03\x18\xc8\x01"
		     "\x85\x01\x01\x01\0\0"); /* sampled, parent is known not to be remote */
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
}

Test(otlp_spans, remote_parent_state_and_error)
{
	struct span span = new_span();

	memcpy(span.parent_span_id, "PARENT!", 8);
	span.parent_is_remote = true;
	span.trace_flags = 3; /* sampled, random */
	span.trace_state = "k=v";
	span.status = SPAN_STATUS_ERROR;
	span.status_message = "bad";
	cr_assert_eq(encode(&span, NULL), 0);

	WIRE_LITERAL(&inner, "\x0a\x10"
			     "0123456789abcde\0\x12\x08"
			     "ABCDEFG\0\x1a\x03k=v\x22\x08PARENT!\0"
			     "\x2a\x0aHTTP GET /\x30\x02" WIRE_START WIRE_END "\x7a\x07\x12\x03"
			     "bad\x18\x02"
			     "\x85\x01\x03\x03\0\0"); /* parent is remote */
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
}

Test(otlp_spans, internal_span_with_ok)
{
	struct span span = new_span();

	memcpy(span.parent_span_id, "PARENT!", 8);
	span.kind = SPAN_INTERNAL;
	span.status = SPAN_STATUS_OK;
	cr_assert_eq(encode(&span, NULL), 0);

	WIRE_LITERAL(&inner, "\x0a\x10"
			     "0123456789abcde\0\x12\x08"
			     "ABCDEFG\0\x22\x08PARENT!\0"
			     "\x2a\x0aHTTP GET /\x30\x01" WIRE_START WIRE_END "\x7a\x02\x18\x01"
			     "\x85\x01\x01\x01\0\0");
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
}

Test(otlp_spans, attributes_of_all_kinds)
{
	struct span_attribute attributes[] = {
		span_string("s", "t"),	 span_integer("i", -1),	   span_real("r", 0.5),
		span_boolean("b", true), span_boolean("n", false),
	};
	struct span span = new_span();

	span.attributes = attributes;
	span.attribute_count = 5;
	span.dropped_attributes = 7;
	cr_assert_eq(encode(&span, NULL), 0);

	WIRE_LITERAL(&inner, "\x0a\x10"
			     "0123456789abcde\0\x12\x08"
			     "ABCDEFG\0\x2a\x0aHTTP GET /\x30\x02" WIRE_START WIRE_END
			     "\x4a\x08\x0a\x01s\x12\x03\x0a\x01t"
			     "\x4a\x10\x0a\x01i\x12\x0b\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
			     "\x4a\x0e\x0a\x01r\x12\x09\x21\0\0\0\0\0\0\xe0\x3f"
			     "\x4a\x07\x0a\x01"
			     "b\x12\x02\x10\x01"
			     "\x4a\x07\x0a\x01n\x12\x02\x10\0"
			     "\x50\x07"
			     "\x85\x01\x01\x01\0\0");
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
}

Test(otlp_spans, events_and_links)
{
	struct span_attribute attribute = span_integer("n", 1);
	struct span_event second = {.name = "f", .time_ns = 2};
	struct span_event first = {.next = &second,
				   .name = "e",
				   .time_ns = 1,
				   .attributes = &attribute,
				   .attribute_count = 1};
	struct span_link link = {.trace_id = "FEDCBA987654321",
				 .span_id = "GFEDCBA",
				 .trace_state = "k=v",
				 .trace_flags = TRACE_FLAG_SAMPLED,
				 .is_remote = true,
				 .attributes = &attribute,
				 .attribute_count = 1};
	struct span span = new_span();

	span.events = &first;
	span.event_count = 2;
	span.dropped_events = 300;
	span.links = &link;
	span.link_count = 1;
	span.dropped_links = 2;
	cr_assert_eq(encode(&span, NULL), 0);

	WIRE_LITERAL(&inner, "\x0a\x10"
			     "0123456789abcde\0\x12\x08"
			     "ABCDEFG\0\x2a\x0aHTTP GET /\x30\x02" WIRE_START WIRE_END
			     "\x5a\x15\x09\x01\0\0\0\0\0\0\0\x12\x01"
			     "e\x1a\x07\x0a\x01n\x12\x02\x18\x01"
			     "\x5a\x0c\x09\x02\0\0\0\0\0\0\0\x12\x01"
			     "f"
			     "\x60\xac\x02"
			     "\x6a\x2f\x0a\x10"
			     "FEDCBA987654321\0\x12\x08GFEDCBA\0\x1a\x03k=v"
			     "\x22\x07\x0a\x01n\x12\x02\x18\x01\x35\x01\x03\0\0"
			     "\x70\x02"
			     "\x85\x01\x01\x01\0\0");
	wire_nested(&items, 2, &inner);
	wire_request(&expected, &items);
	wire_assert_equal(&sink.last, &expected);
}

Test(otlp_spans, no_spans_no_request)
{
	struct span_batch batch = {.count = 0};

	cr_assert_eq(otlp_encode_spans(&resource, &batch, wire_sink_take, &sink, NULL), 0);
	cr_assert_eq(sink.requests, 0);
}

Test(otlp_spans, splits_before_the_limit)
{
	enum {
		SPANS = 10000
	};
	_cleanup_free_ struct span *spans = calloc(SPANS, sizeof(*spans));
	_cleanup_free_ char *path = calloc(1, 801);
	struct span_attribute attribute = {.key = "url.path", .string = path};
	struct span_batch batch = {.first = spans, .last = spans + SPANS - 1, .count = SPANS};

	memset(path, 'p', 800);
	for (int i = 0; i < SPANS; i++) {
		spans[i] = new_span();
		spans[i].attributes = &attribute;
		spans[i].attribute_count = 1;
		spans[i].next = i + 1 < SPANS ? &spans[i + 1] : NULL;
	}
	cr_assert_eq(otlp_encode_spans(&resource, &batch, wire_sink_take, &sink, NULL), 0);
	cr_assert_eq(sink.requests, 3);
	cr_assert_leq(sink.largest, OTLP_REQUEST_LIMIT_BYTES);
	cr_assert_gt(sink.largest, OTLP_REQUEST_LIMIT_BYTES * 99 / 100);
}

Test(otlp_spans, a_span_over_the_limit_is_an_error)
{
	size_t size = OTLP_REQUEST_LIMIT_BYTES + 1;
	_cleanup_free_ char *name = malloc(size);
	struct span span = new_span();
	struct error error = {0};

	memset(name, 'n', size - 1);
	name[size - 1] = '\0';
	span.name = name;
	cr_assert_eq(encode(&span, &error), -EMSGSIZE);
	cr_assert_eq(sink.requests, 0);
}
