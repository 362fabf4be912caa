/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_SPAN_ASSEMBLED_H
#define SCOTTYSCOPE_TESTS_SPAN_ASSEMBLED_H

/* Records, the spans that the assembler makes of them, and the attributes of these spans. */

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

#include "span/assembler.h"

/* A span of 3 us, with ids. */
static inline struct ring_span span_of_record(void)
{
	struct ring_span span = {.start_ns = 1000, .end_ns = 4000};

	memset(span.trace_id, 0x4b, sizeof(span.trace_id));
	memset(span.span_id, 0x05, sizeof(span.span_id));
	return span;
}

static inline struct ring_record request_of(uint16_t status)
{
	return (struct ring_record){
		.kind = RECORD_HTTP_REQUEST,
		.span = span_of_record(),
		.http_request =
			{
				.status = status,
				.method = METHOD_GET,
				.url_path = "/api/v1/apps/info/blog",
			},
	};
}

static inline struct ring_record session_of(enum task_role role, enum session_end end)
{
	return (struct ring_record){
		.kind = RECORD_SESSION,
		.span = span_of_record(),
		.session = {.role = role, .end = end},
	};
}

/* Where a record comes from. */
struct scene {
	const char *route; /* NULL: no template matched */
	const char *server_address;
	uint16_t server_port;
	int64_t clock_offset_ns;
	/* Spans have all of these by default. */
	bool without_path;
	bool without_template;
	bool without_client;
};

static inline const char *route_of_scene(void *context, uint64_t route)
{
	cr_assert_eq(route, 1);
	return ((const struct scene *)context)->route;
}

static inline int add_record(struct span_batch *batch, const struct ring_record *record,
			     const struct scene *scene)
{
	const struct span_assembler assembler = {
		.batch = batch,
		.route_text = route_of_scene,
		.context = (void *)scene,
		.server_address = scene->server_address,
		.server_port = scene->server_port,
		.clock_offset_ns = scene->clock_offset_ns,
		.path = scene->without_template ? SPAN_PATH_OFF
			: scene->without_path	? SPAN_PATH_TEMPLATE
						: SPAN_PATH_RAW,
		.has_client = !scene->without_client,
	};
	struct ring_record routed = *record;

	if (record->kind == RECORD_HTTP_REQUEST)
		routed.http_request.route = scene->route ? 1 : ROUTE_UNMATCHED;
	return span_assembler__add(&assembler, &routed);
}

/* Adds the record's span to the batch and returns the span. */
static inline const struct span *
add_span(struct span_batch *batch, const struct ring_record *record, const struct scene *scene)
{
	cr_assert_eq(add_record(batch, record, scene), 0);
	cr_assert_eq(batch->last->dropped_attributes, 0);
	return batch->last;
}

static inline const struct span_attribute *find(const struct span *span, const char *key)
{
	const struct span_attribute *found = NULL;

	for (size_t i = 0; i < span->attribute_count; i++) {
		if (strcmp(span->attributes[i].key, key) != 0)
			continue;
		cr_assert_null(found, "%s is there twice", key);
		found = &span->attributes[i];
	}
	return found;
}

static inline const char *text(const struct span *span, const char *key)
{
	const struct span_attribute *attribute = find(span, key);

	if (attribute)
		cr_assert_eq(attribute->kind, SPAN_ATTRIBUTE_STRING, "%s", key);
	return attribute ? attribute->string : "(none)";
}

/* -1 where there is none. */
static inline int64_t integer(const struct span *span, const char *key)
{
	const struct span_attribute *attribute = find(span, key);

	if (attribute)
		cr_assert_eq(attribute->kind, SPAN_ATTRIBUTE_INTEGER, "%s", key);
	return attribute ? attribute->integer : -1;
}

static inline double seconds(const struct span *span, const char *key)
{
	const struct span_attribute *attribute = find(span, key);

	cr_assert_not_null(attribute, "%s", key);
	cr_assert_eq(attribute->kind, SPAN_ATTRIBUTE_REAL, "%s", key);
	return attribute->real;
}

#endif
