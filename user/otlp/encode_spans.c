// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "otlp/common.h"

#define TRACE_FLAG_SAMPLED UINT32_C(1)

/* The request being filled: one resource, one scope and spans. It points into itself and stays
 * where it is. */
struct builder {
	struct arena *arena;
	pb_trace_request request;
	pb_resource_spans resource_spans;
	pb_resource_spans *resource_spans_list[1];
	pb_scope_spans scope_spans;
	pb_scope_spans *scope_spans_list[1];
	size_t empty_size; /* of a request without spans, at most */
	size_t size;	   /* of this one, at most */
	struct otlp_output *output;
	struct error *error;
};

static int builder__init(struct builder *builder, const struct otlp_resource *resource,
			 size_t span_count)
{
	struct arena *arena = builder->arena;
	pb_resource_spans *resource_spans = &builder->resource_spans;
	pb_scope_spans *scope_spans = &builder->scope_spans;

	builder->request = (pb_trace_request)PB_TRACE_REQUEST_INIT;
	builder->request.n_resource_spans = 1;
	builder->request.resource_spans = builder->resource_spans_list;
	builder->resource_spans_list[0] = resource_spans;

	*resource_spans = (pb_resource_spans)PB_RESOURCE_SPANS_INIT;
	resource_spans->resource = otlp_resource_message(arena, resource);
	resource_spans->schema_url = otlp_text(arena, OTLP_SCHEMA_URL);
	resource_spans->n_scope_spans = 1;
	resource_spans->scope_spans = builder->scope_spans_list;
	builder->scope_spans_list[0] = scope_spans;

	*scope_spans = (pb_scope_spans)PB_SCOPE_SPANS_INIT;
	scope_spans->scope = otlp_scope_message(arena);
	scope_spans->schema_url = otlp_text(arena, OTLP_SCHEMA_URL);
	scope_spans->spans = arena__alloc_array(arena, span_count, sizeof(*scope_spans->spans));
	if (arena__failed(arena))
		return error_out_of_memory(builder->error);

	/* The lengths of the two enclosing messages grow with their contents. */
	builder->empty_size = protobuf_c_message_get_packed_size(&builder->request.base) +
			      2 * OTLP_FIELD_OVERHEAD;
	builder->size = builder->empty_size;
	return 0;
}

static int builder__flush(struct builder *builder)
{
	if (builder->scope_spans.n_spans == 0)
		return 0;

	int r = otlp_output__send(builder->output, &builder->request.base, builder->error);

	builder->scope_spans.n_spans = 0;
	builder->size = builder->empty_size;
	return r;
}

static _Bool has_parent(const struct span *span)
{
	static const uint8_t none[sizeof(span->parent_span_id)];

	return memcmp(span->parent_span_id, none, sizeof(none)) != 0;
}

/* Only sampled spans get here. A server span's parent is in another process, any other span's in
 * this one. */
static uint32_t flags_of(const struct span *span)
{
	uint32_t flags = TRACE_FLAG_SAMPLED | PB_FLAGS_HAS_IS_REMOTE;

	if (span->kind == SPAN_SERVER && has_parent(span))
		flags |= PB_FLAGS_IS_REMOTE;
	return flags;
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

/* The span as a message; NULL when out of memory. */
static pb_span *span_message(struct arena *arena, const struct span *span)
{
	pb_span *message = arena__alloc(arena, sizeof(*message));
	pb_key_value **attributes =
		arena__alloc_array(arena, span->attribute_count, sizeof(*attributes));

	if (!message || !attributes)
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
	message->flags = flags_of(span);
	if (span->status != SPAN_STATUS_UNSET)
		message->status = status_of(arena, span);
	for (size_t i = 0; i < span->attribute_count; i++) {
		const struct span_attribute *from = &span->attributes[i];

		attributes[i] = from->kind == SPAN_ATTRIBUTE_STRING
					? otlp_string_attribute(arena, from->key, from->string)
					: otlp_integer_attribute(arena, from->key, from->integer);
	}
	message->n_attributes = span->attribute_count;
	message->attributes = attributes;
	return arena__failed(arena) ? NULL : message;
}

static int builder__add(struct builder *builder, const struct span *span)
{
	pb_span *message = span_message(builder->arena, span);
	int r;

	if (!message)
		return error_out_of_memory(builder->error);

	size_t size = protobuf_c_message_get_packed_size(&message->base) + OTLP_FIELD_OVERHEAD;

	if (size > OTLP_REQUEST_LIMIT_BYTES - builder->size) {
		r = builder__flush(builder);
		if (r < 0)
			return r;
	}
	if (size > OTLP_REQUEST_LIMIT_BYTES - builder->size) {
		return error_set(builder->error, -EMSGSIZE, "span %s does not fit in a request",
				 span->name);
	}
	builder->scope_spans.spans[builder->scope_spans.n_spans++] = message;
	builder->size += size;
	return 0;
}

int otlp_encode_spans(const struct otlp_resource *resource, const struct span_batch *batch,
		      otlp_request_callback callback, void *context, struct error *error)
{
	_cleanup_(arena__freep) struct arena *arena = arena__new(0);
	_cleanup_(otlp_output__done) struct otlp_output output = {
		.callback = callback,
		.context = context,
	};
	struct builder builder = {.arena = arena, .output = &output, .error = error};
	int r;

	if (!arena)
		return error_out_of_memory(error);
	r = builder__init(&builder, resource, batch->count);
	if (r < 0)
		return r;
	if (builder.empty_size >= OTLP_REQUEST_LIMIT_BYTES)
		return error_set(error, -EMSGSIZE, "the resource does not fit in a request");
	for (const struct span *span = batch->first; span; span = span->next) {
		r = builder__add(&builder, span);
		if (r < 0)
			return r;
	}
	return builder__flush(&builder);
}
