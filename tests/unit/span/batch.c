// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "span/span.h"

Test(span_batch, a_new_span_is_a_sampled_root_without_anything)
{
	static const uint8_t none[16];
	struct span_batch *batch = span_batch__new(2);
	struct span *span = span_batch__add(batch, 3);

	cr_assert_eq(batch->first, span);
	cr_assert_arr_eq(span->trace_id, none, 16);
	cr_assert_arr_eq(span->parent_span_id, none, 8);
	cr_assert_eq(span->trace_flags, TRACE_FLAG_SAMPLED);
	cr_assert_not(span->parent_is_remote);
	cr_assert_null(span->trace_state);
	cr_assert_eq(span->attribute_count, 0);
	cr_assert_null(span->events);
	cr_assert_null(span->links);
	span_batch__free(batch);
}

Test(span_batch, attributes_over_the_limit_are_counted)
{
	struct span_batch *batch = span_batch__new(1);
	struct span *span = span_batch__add(batch, 3);

	span__add_attribute(span, span_string("s", "text"));
	span__add_attribute(span, span_integer("i", -5));
	span__add_attribute(span, span_real("r", 0.25));
	cr_assert_eq(span->dropped_attributes, 0);
	span__add_attribute(span, span_boolean("b", true));
	span__add_attribute(span, span_boolean("b", true));
	cr_assert_eq(span->attribute_count, 3);
	cr_assert_eq(span->dropped_attributes, 2);
	cr_assert_str_eq(span->attributes[0].string, "text");
	cr_assert_eq(span->attributes[1].integer, -5);
	cr_assert_eq(span->attributes[1].kind, SPAN_ATTRIBUTE_INTEGER);
	cr_assert_eq(span->attributes[2].real, 0.25);
	cr_assert_str_eq(span->attributes[2].key, "r");
	span_batch__free(batch);
}

Test(span_batch, a_span_without_room_for_attributes)
{
	struct span_batch *batch = span_batch__new(1);
	struct span *span = span_batch__add(batch, 0);

	cr_assert_not_null(span);
	span__add_attribute(span, span_boolean("b", true));
	cr_assert_eq(span->attribute_count, 0);
	cr_assert_eq(span->dropped_attributes, 1);
	span_batch__free(batch);
}

Test(span_batch, events_keep_their_order_and_are_bounded)
{
	struct span_batch *batch = span_batch__new(1);
	struct span *span = span_batch__add(batch, 0);
	uint64_t expected = 0;

	for (uint64_t i = 0; i < SPAN_EVENT_LIMIT + 3; i++) {
		struct span_attribute attributes[] = {span_integer("i", (int64_t)i),
						      span_boolean("b", true)};
		struct span_event *event = span_batch__add_event(batch, span, attributes, 2);

		cr_assert_eq(event != NULL, i < SPAN_EVENT_LIMIT);
		if (!event)
			continue;
		event->name = "event";
		event->time_ns = i;
	}
	cr_assert_eq(span->event_count, SPAN_EVENT_LIMIT);
	cr_assert_eq(span->dropped_events, 3);
	for (const struct span_event *event = span->events; event; event = event->next) {
		cr_assert_eq(event->time_ns, expected);
		cr_assert_eq(event->attribute_count, 2);
		cr_assert_eq(event->attributes[0].integer, (int64_t)expected);
		expected++;
	}
	cr_assert_eq(expected, SPAN_EVENT_LIMIT);
	span_batch__free(batch);
}

Test(span_batch, links_keep_their_order_and_are_bounded)
{
	struct span_batch *batch = span_batch__new(1);
	struct span *span = span_batch__add(batch, 0);
	uint8_t expected = 0;

	for (uint8_t i = 0; i < SPAN_LINK_LIMIT + 2; i++) {
		struct span_link *link = span_batch__add_link(batch, span, NULL, 0);

		cr_assert_eq(link != NULL, i < SPAN_LINK_LIMIT);
		if (link)
			link->span_id[0] = i;
	}
	cr_assert_eq(span->link_count, SPAN_LINK_LIMIT);
	cr_assert_eq(span->dropped_links, 2);
	for (const struct span_link *link = span->links; link; link = link->next) {
		cr_assert_eq(link->span_id[0], expected++);
		cr_assert_eq(link->trace_flags, TRACE_FLAG_SAMPLED);
		cr_assert_not(link->is_remote);
	}
	cr_assert_eq(expected, SPAN_LINK_LIMIT);
	span_batch__free(batch);
}

/* What does not fit in the batch's memory is counted in the span, which stays whole. */
Test(span_batch, events_and_links_stop_at_the_memory_limit)
{
	struct span_batch *batch = span_batch__new(1);
	struct span *span;

	arena__free(batch->arena);
	batch->arena = arena__new((size_t)64 * 1024);
	span = span_batch__add(batch, 0);
	cr_assert_not_null(span);
	while (arena__alloc(batch->arena, 16))
		;
	cr_assert_null(span_batch__add_event(batch, span, NULL, 0));
	cr_assert_null(span_batch__add_link(batch, span, NULL, 0));
	cr_assert_eq(span->dropped_events, 1);
	cr_assert_eq(span->dropped_links, 1);
	cr_assert_eq(span->event_count, 0);
	cr_assert_eq(span->link_count, 0);
	cr_assert_null(span->events);
	span_batch__free(batch);
}
