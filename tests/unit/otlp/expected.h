/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_OTLP_EXPECTED_H
#define SCOTTYSCOPE_TESTS_OTLP_EXPECTED_H

/* Expected protobuf bytes, written without protobuf-c: a buffer, and length-delimited fields. */

#include <stdint.h>
#include <string.h>
#include <version.h>

#include <criterion/criterion.h>

#include "base/error.h"

struct wire {
	uint8_t bytes[4096];
	size_t size;
};

static inline void wire_bytes(struct wire *wire, const void *bytes, size_t size)
{
	cr_assert_leq(size, sizeof(wire->bytes) - wire->size);
	memcpy(wire->bytes + wire->size, bytes, size);
	wire->size += size;
}

/* The bytes of a string literal, which may hold zeros. */
#define WIRE_LITERAL(wire, literal) wire_bytes(wire, literal, sizeof(literal) - 1)

static inline void wire_field(struct wire *wire, unsigned int number, const void *bytes,
			      size_t size)
{
	uint8_t head[3] = {(uint8_t)(number << 3 | 2), (uint8_t)size};
	size_t head_size = 2;

	cr_assert_lt(number, 16u);
	cr_assert_lt(size, 1u << 14);
	if (size >= 128) {
		head[1] = (uint8_t)(size | 0x80);
		head[2] = (uint8_t)(size >> 7);
		head_size = 3;
	}
	wire_bytes(wire, head, head_size);
	wire_bytes(wire, bytes, size);
}

static inline void wire_text(struct wire *wire, unsigned int number, const char *text)
{
	wire_field(wire, number, text, strlen(text));
}

static inline void wire_nested(struct wire *wire, unsigned int number, const struct wire *inner)
{
	wire_field(wire, number, inner->bytes, inner->size);
}

#define WIRE_SCHEMA_URL "https://opentelemetry.io/schemas/1.30.0"

/* One request around `items` (fields 2 of the scope's message): ResourceMetrics and ResourceSpans
 * have the same layout. The resource has service.name="scotty" and process.pid=42. */
static inline void wire_request(struct wire *request, const struct wire *items)
{
	struct wire resource = {.size = 0}, scope = {.size = 0}, scoped = {.size = 0},
		    resourced = {.size = 0};

	WIRE_LITERAL(&resource, "\x0a\x18\x0a\x0cservice.name\x12\x08\x0a\x06scotty");
	WIRE_LITERAL(&resource, "\x0a\x11\x0a\x0bprocess.pid\x12\x02\x18\x2a");
	WIRE_LITERAL(&scope, "\x0a\x0bscottyscope");
	wire_text(&scope, 2, SCOTTYSCOPE_VERSION);
	wire_nested(&scoped, 1, &scope);
	wire_bytes(&scoped, items->bytes, items->size);
	wire_text(&scoped, 3, WIRE_SCHEMA_URL);
	wire_nested(&resourced, 1, &resource);
	wire_nested(&resourced, 2, &scoped);
	wire_text(&resourced, 3, WIRE_SCHEMA_URL);
	wire_nested(request, 1, &resourced);
}

/* A callback that keeps the last request and counts them. */
struct wire_sink {
	struct wire last;
	size_t requests;
	size_t largest;
	int answer; /* what the callback returns */
};

static inline int wire_sink_take(void *context, const uint8_t *request, size_t size)
{
	struct wire_sink *sink = context;

	sink->requests++;
	sink->last.size = 0;
	if (size <= sizeof(sink->last.bytes))
		wire_bytes(&sink->last, request, size);
	if (size > sink->largest)
		sink->largest = size;
	return sink->answer;
}

static inline void wire_assert_equal(const struct wire *actual, const struct wire *expected)
{
	cr_assert_arr_eq(actual->bytes, expected->bytes, expected->size);
	cr_assert_eq(actual->size, expected->size);
}

#endif
