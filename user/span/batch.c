// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "span/span.h"

/* Memory for a span with its attributes and texts: a generous estimate, which bounds a batch. */
#define SPAN_BYTES ((size_t)4096)

struct span_batch *span_batch__new(size_t limit)
{
	_cleanup_free_ struct span_batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	batch->arena = arena__new(limit * SPAN_BYTES);
	if (!batch->arena)
		return NULL;
	batch->limit = limit;
	return TAKE_PTR(batch);
}

void span_batch__free(struct span_batch *batch)
{
	if (!batch)
		return;
	arena__free(batch->arena);
	free(batch);
}

void span_batch__clear(struct span_batch *batch)
{
	arena__reset(batch->arena);
	batch->first = NULL;
	batch->last = NULL;
	batch->count = 0;
	batch->client_text = NULL;
}

struct span *span_batch__add(struct span_batch *batch, size_t attribute_limit)
{
	struct span *span;

	if (batch->count >= batch->limit)
		return NULL;
	span = arena__alloc(batch->arena, sizeof(*span));
	if (!span)
		return NULL;
	span->attributes =
		arena__alloc_array(batch->arena, attribute_limit, sizeof(*span->attributes));
	if (!span->attributes)
		return NULL;
	span->attribute_limit = attribute_limit;
	span->trace_flags = TRACE_FLAG_SAMPLED;
	if (batch->last)
		batch->last->next = span;
	else
		batch->first = span;
	batch->last = span;
	batch->count++;
	return span;
}

void span__add_attribute(struct span *span, struct span_attribute attribute)
{
	if (span->attribute_count < span->attribute_limit)
		span->attributes[span->attribute_count++] = attribute;
	else
		span->dropped_attributes++;
}

static struct span_attribute *copy_attributes(struct arena *arena,
					      const struct span_attribute *attributes, size_t count)
{
	struct span_attribute *copy = arena__alloc_array(arena, count, sizeof(*copy));

	for (size_t i = 0; copy && i < count; i++)
		copy[i] = attributes[i];
	return copy;
}

struct span_event *span_batch__add_event(struct span_batch *batch, struct span *span,
					 const struct span_attribute *attributes,
					 size_t attribute_count)
{
	struct span_attribute *copy = NULL;
	struct span_event *event = NULL;

	if (span->event_count < SPAN_EVENT_LIMIT) {
		copy = copy_attributes(batch->arena, attributes, attribute_count);
		event = arena__alloc(batch->arena, sizeof(*event));
	}
	if (!event || !copy) {
		span->dropped_events++;
		return NULL;
	}
	event->attributes = copy;
	event->attribute_count = attribute_count;
	if (span->last_event)
		span->last_event->next = event;
	else
		span->events = event;
	span->last_event = event;
	span->event_count++;
	return event;
}

struct span_link *span_batch__add_link(struct span_batch *batch, struct span *span,
				       const struct span_attribute *attributes,
				       size_t attribute_count)
{
	struct span_attribute *copy = NULL;
	struct span_link *link = NULL;

	if (span->link_count < SPAN_LINK_LIMIT) {
		copy = copy_attributes(batch->arena, attributes, attribute_count);
		link = arena__alloc(batch->arena, sizeof(*link));
	}
	if (!link || !copy) {
		span->dropped_links++;
		return NULL;
	}
	link->trace_flags = TRACE_FLAG_SAMPLED;
	link->attributes = copy;
	link->attribute_count = attribute_count;
	if (span->last_link)
		span->last_link->next = link;
	else
		span->links = link;
	span->last_link = link;
	span->link_count++;
	return link;
}
