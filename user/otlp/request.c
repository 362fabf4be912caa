// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "otlp/request.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "otlp/common.h"

int otlp_request__init(struct otlp_request *request, struct arena *arena,
		       const struct otlp_resource *resource, otlp_request_callback callback,
		       void *context, struct error *error)
{
	pb_resource_items *resource_items = &request->resource_items;
	pb_scope_items *scope_items = &request->scope_items;

	request->arena = arena;
	request->callback = callback;
	request->context = context;
	request->error = error;

	request->message = (pb_export_request)PB_EXPORT_REQUEST_INIT;
	request->message.n_resource_items = 1;
	request->message.resource_items = request->resource_items_list;
	request->resource_items_list[0] = resource_items;

	*resource_items = (pb_resource_items)PB_RESOURCE_ITEMS_INIT;
	resource_items->resource = otlp_resource_message(arena, resource);
	resource_items->schema_url = otlp_text(arena, OTLP_SCHEMA_URL);
	resource_items->n_scope_items = 1;
	resource_items->scope_items = request->scope_items_list;
	request->scope_items_list[0] = scope_items;

	*scope_items = (pb_scope_items)PB_SCOPE_ITEMS_INIT;
	scope_items->scope = otlp_scope_message(arena);
	scope_items->schema_url = otlp_text(arena, OTLP_SCHEMA_URL);
	if (arena__failed(arena))
		return error_out_of_memory(error);

	/* The length fields of the two enclosing messages grow with their contents. */
	request->empty_size = protobuf_c_message_get_packed_size(&request->message.base) +
			      2 * OTLP_FIELD_OVERHEAD;
	request->size = request->empty_size;
	if (request->size + OTLP_FIELD_OVERHEAD >= OTLP_REQUEST_LIMIT_BYTES)
		return error_set(error, -EMSGSIZE, "the resource does not fit in a request");
	return 0;
}

void otlp_request__done(struct otlp_request *request)
{
	free(request->scope_items.items);
	free(request->buffer);
}

size_t otlp_request__free_bytes(const struct otlp_request *request)
{
	size_t left = OTLP_REQUEST_LIMIT_BYTES - request->size;

	return left > OTLP_FIELD_OVERHEAD ? left - OTLP_FIELD_OVERHEAD : 0;
}

bool otlp_request__is_empty(const struct otlp_request *request)
{
	return request->scope_items.n_items == 0;
}

/* Reserves capacity for one more item. */
static int reserve(struct otlp_request *request)
{
	pb_scope_items *scope_items = &request->scope_items;
	size_t capacity = request->item_capacity ? request->item_capacity * 2 : 64;
	ProtobufCBinaryData *items;

	if (scope_items->n_items < request->item_capacity)
		return 0;
	items = reallocarray(scope_items->items, capacity, sizeof(*items));
	if (!items)
		return error_out_of_memory(request->error);
	scope_items->items = items;
	request->item_capacity = capacity;
	return 0;
}

int otlp_request__add(struct otlp_request *request, const ProtobufCMessage *item)
{
	size_t size = protobuf_c_message_get_packed_size(item);
	uint8_t *bytes;
	int r;

	if (size > otlp_request__free_bytes(request)) {
		r = otlp_request__flush(request);
		if (r < 0)
			return r;
		if (size > otlp_request__free_bytes(request))
			return -EMSGSIZE;
	}
	r = reserve(request);
	if (r < 0)
		return r;
	bytes = arena__alloc(request->arena, size);
	if (!bytes)
		return error_out_of_memory(request->error);
	protobuf_c_message_pack(item, bytes);
	request->scope_items.items[request->scope_items.n_items++] =
		(ProtobufCBinaryData){.len = size, .data = bytes};
	request->size += size + OTLP_FIELD_OVERHEAD;
	return 0;
}

int otlp_request__flush(struct otlp_request *request)
{
	size_t size;

	if (otlp_request__is_empty(request))
		return 0;
	size = protobuf_c_message_get_packed_size(&request->message.base);
	if (size > request->buffer_size) {
		uint8_t *buffer = realloc(request->buffer, size);

		if (!buffer)
			return error_out_of_memory(request->error);
		request->buffer = buffer;
		request->buffer_size = size;
	}
	protobuf_c_message_pack(&request->message.base, request->buffer);
	request->scope_items.n_items = 0;
	request->size = request->empty_size;
	return request->callback(request->context, request->buffer, size);
}
