// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "otlp/attribute.h"
#include "otlp/request.h"

static bool has_parent(const struct span *span)
{
	static const uint8_t none[sizeof(span->parent_span_id)];

	return memcmp(span->parent_span_id, none, sizeof(none)) != 0;
}

/* Returns a span's flags. The bit "has is_remote" is always set: the tool knows the origin of
 * parents and linked spans. */
static uint32_t flags_of(uint8_t trace_flags, bool is_remote)
{
	return trace_flags | PB_FLAGS_HAS_IS_REMOTE | (is_remote ? PB_FLAGS_IS_REMOTE : 0);
}

static pb_status *status_of(struct arena *arena, const struct span *span)
{
	pb_status *status = arena__alloc(arena, sizeof(*status));

	if (!status)
		return NULL;
	*status = (pb_status)PB_STATUS_INIT;
	status->code = span->status == SPAN_STATUS_ERROR ? PB_STATUS_ERROR : PB_STATUS_OK;
	status->message = otlp_text(arena, span->status_message);
	return status;
}

static ProtobufCBinaryData id_bytes(const uint8_t *id, size_t size)
{
	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)id};
}

static ProtobufCBinaryData *attributes_of(struct arena *arena,
					  const struct span_attribute *attributes, size_t count)
{
	ProtobufCBinaryData *packed = arena__alloc_array(arena, count, sizeof(*packed));

	for (size_t i = 0; packed && i < count; i++)
		packed[i] = otlp_pack_attribute(arena, &attributes[i]);
	return packed;
}

static pb_span_event *event_message(struct arena *arena, const struct span_event *event)
{
	pb_span_event *message = arena__alloc(arena, sizeof(*message));

	if (!message)
		return NULL;
	*message = (pb_span_event)PB_SPAN_EVENT_INIT;
	message->time_unix_nano = event->time_ns;
	message->name = otlp_text(arena, event->name);
	message->attributes = attributes_of(arena, event->attributes, event->attribute_count);
	message->n_attributes = event->attribute_count;
	return message;
}

static pb_span_link *link_message(struct arena *arena, const struct span_link *link)
{
	pb_span_link *message = arena__alloc(arena, sizeof(*message));

	if (!message)
		return NULL;
	*message = (pb_span_link)PB_SPAN_LINK_INIT;
	message->trace_id = id_bytes(link->trace_id, sizeof(link->trace_id));
	message->span_id = id_bytes(link->span_id, sizeof(link->span_id));
	message->trace_state = otlp_text(arena, link->trace_state);
	message->flags = flags_of(link->trace_flags, link->is_remote);
	message->attributes = attributes_of(arena, link->attributes, link->attribute_count);
	message->n_attributes = link->attribute_count;
	return message;
}

/* Fills in attributes, events and links. */
static void fill_lists(struct arena *arena, const struct span *span, pb_span *message)
{
	message->attributes = attributes_of(arena, span->attributes, span->attribute_count);
	message->n_attributes = span->attribute_count;
	message->dropped_attributes_count = span->dropped_attributes;

	message->events = arena__alloc_array(arena, span->event_count, sizeof(*message->events));
	for (const struct span_event *event = span->events; message->events && event;
	     event = event->next)
		message->events[message->n_events++] = event_message(arena, event);
	message->dropped_events_count = span->dropped_events;

	message->links = arena__alloc_array(arena, span->link_count, sizeof(*message->links));
	for (const struct span_link *link = span->links; message->links && link; link = link->next)
		message->links[message->n_links++] = link_message(arena, link);
	message->dropped_links_count = span->dropped_links;
}

/* Returns the span as a message; NULL when out of memory. */
static pb_span *span_message(struct arena *arena, const struct span *span)
{
	pb_span *message = arena__alloc(arena, sizeof(*message));

	if (!message)
		return NULL;
	*message = (pb_span)PB_SPAN_INIT;
	message->trace_id = id_bytes(span->trace_id, sizeof(span->trace_id));
	message->span_id = id_bytes(span->span_id, sizeof(span->span_id));
	if (has_parent(span)) {
		message->parent_span_id =
			id_bytes(span->parent_span_id, sizeof(span->parent_span_id));
	}
	message->trace_state = otlp_text(arena, span->trace_state);
	message->name = otlp_text(arena, span->name);
	message->kind = span->kind == SPAN_SERVER ? PB_SPAN_KIND_SERVER : PB_SPAN_KIND_INTERNAL;
	message->start_time_unix_nano = span->start_ns;
	message->end_time_unix_nano = span->end_ns;
	message->flags = flags_of(span->trace_flags, span->parent_is_remote);
	if (span->status != SPAN_STATUS_UNSET)
		message->status = status_of(arena, span);
	fill_lists(arena, span, message);
	return arena__failed(arena) ? NULL : message;
}

static int add_span(struct otlp_request *request, const struct span *span)
{
	pb_span *message = span_message(request->arena, span);
	int r;

	if (!message)
		return error_out_of_memory(request->error);
	r = otlp_request__add(request, &message->base);
	if (r == -EMSGSIZE)
		return error_set(request->error, r, "span %s does not fit in a request",
				 span->name);
	return r;
}

int otlp_encode_spans(const struct otlp_resource *resource, const struct span_batch *batch,
		      otlp_request_callback callback, void *context, struct error *error)
{
	_cleanup_(arena__freep) struct arena *arena = arena__new(0);
	_cleanup_(otlp_request__done) struct otlp_request request = {};
	int r;

	if (!arena)
		return error_out_of_memory(error);
	r = otlp_request__init(&request, arena, resource, callback, context, error);
	if (r < 0)
		return r;
	for (const struct span *span = batch->first; span; span = span->next) {
		r = add_span(&request, span);
		if (r < 0)
			return r;
	}
	return otlp_request__flush(&request);
}
