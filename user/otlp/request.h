/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_REQUEST_H
#define SCOTTYSCOPE_OTLP_REQUEST_H

/* A request under construction: one resource, one scope and items, which are metrics or spans. The
 * callback receives the request when the next item would exceed OTLP_REQUEST_LIMIT_BYTES. */

#include <stdbool.h>

#include "otlp/messages.h"
#include "otlp/otlp.h"

/* The maximum size of a field's tag and length: tags here take one or two bytes, lengths are below
 * 2^32. */
#define OTLP_FIELD_OVERHEAD ((size_t)7)

/* Has pointers into itself, so it must not move. */
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
	size_t empty_size; /* maximum size without items */
	size_t size;	   /* maximum size with the current items */
	uint8_t *buffer;   /* for packed requests; reused */
	size_t buffer_size;
};

/* Initialises `request`, which is zeroed. Items are packed into `arena`, which must outlive the
 * request. The caller calls otlp_request__done(), also after an error. -ENOMEM, or -EMSGSIZE if the
 * resource alone is too large. */
int otlp_request__init(struct otlp_request *request, struct arena *arena,
		       const struct otlp_resource *resource, otlp_request_callback callback,
		       void *context, struct error *error);
void otlp_request__done(struct otlp_request *request);

/* Returns the maximum size of a further item in the current request. */
size_t otlp_request__free_bytes(const struct otlp_request *request);

/* Returns whether the request has no items. */
bool otlp_request__is_empty(const struct otlp_request *request);

/* Packs an item and adds it to the request, or to a new request if the item does not fit.
 * -EMSGSIZE, without a message in the error, if the item alone is too large; -ENOMEM; the
 * callback's value. */
int otlp_request__add(struct otlp_request *request, const ProtobufCMessage *item);

/* Passes the request to the callback unless it is empty. -ENOMEM or the callback's value. */
int otlp_request__flush(struct otlp_request *request);

#endif
