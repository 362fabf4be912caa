// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "span/span.h"

/* Room for a span with its attributes and texts, generously; a batch never holds more. */
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
}

struct span *span_batch__add(struct span_batch *batch, size_t attribute_count)
{
	struct span *span;

	if (batch->count >= batch->limit)
		return NULL;
	span = arena__alloc(batch->arena, sizeof(*span));
	if (!span)
		return NULL;
	span->attributes =
		arena__alloc_array(batch->arena, attribute_count, sizeof(*span->attributes));
	if (!span->attributes)
		return NULL;
	span->attribute_count = attribute_count;
	if (batch->last)
		batch->last->next = span;
	else
		batch->first = span;
	batch->last = span;
	batch->count++;
	return span;
}

static _Bool is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return 0;
	}
	return 1;
}

static void fill_random(uint8_t *bytes, size_t size)
{
	/* getrandom() with so few bytes neither blocks nor is cut short once the kernel is up. */
	do {
		if (getrandom(bytes, size, 0) != (ssize_t)size)
			memset(bytes, 0, size);
	} while (is_zero(bytes, size));
}

void span_new_ids(uint8_t trace_id[16], uint8_t span_id[8])
{
	fill_random(trace_id, 16);
	fill_random(span_id, 8);
}
