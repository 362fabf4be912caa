/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_REQUEST_H
#define SCOTTYSCOPE_OTLP_REQUEST_H

/* The request being filled: one resource, one scope and items, which are metrics or spans. It goes
 * out when the next item would take it over OTLP_REQUEST_LIMIT_BYTES. */

#include <stdbool.h>

#include "otlp/messages.h"
#include "otlp/otlp.h"

/* The most bytes that a field's tag and length take: tags here are of one or two bytes, lengths
 * below 2^32. */
#define OTLP_FIELD_OVERHEAD ((size_t)7)

/* Points into itself and stays where it is. */
struct otlp_request {
	struct arena *arena;
	otlp_request_callback callback;
	void *context;
	struct error *error;

	pb_export_request message;
	pb_resource_items resource_items;
	pb_resource_items *resource_items_list[1];
	pb_scope_items scope_items;
	pb_scope_items *scope_items_list[1];
	size_t item_capacity;
	size_t empty_size; /* of a request without items, at most */
	size_t size;	   /* of this one, at most */
	uint8_t *buffer;   /* of packed requests, used again for each */
	size_t buffer_size;
};

/* `request` is zeroed; `arena` is where items are packed and outlives it. To be released with
 * otlp_request__done(), also after an error: -ENOMEM, or -EMSGSIZE when the resource alone is too
 * large. */
int otlp_request__init(struct otlp_request *request, struct arena *arena,
		       const struct otlp_resource *resource, otlp_request_callback callback,
		       void *context, struct error *error);
void otlp_request__done(struct otlp_request *request);

/* The size that an item may have to fit in what has been filled so far, and whether that is
 * nothing. */
size_t otlp_request__room(const struct otlp_request *request);
bool otlp_request__is_empty(const struct otlp_request *request);

/* Packs an item and adds it, to a new request if need be. -EMSGSIZE, without a text in the error,
 * for one that fits in none; otherwise -ENOMEM or the callback's value. */
int otlp_request__add(struct otlp_request *request, const ProtobufCMessage *item);

/* Hands over what is there, if anything: -ENOMEM or the callback's value. */
int otlp_request__flush(struct otlp_request *request);

#endif
