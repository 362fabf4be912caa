// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/queue.h"

#include <stdlib.h>
#include <string.h>

static void drop_first(struct export_queue *queue, struct export_drops *drops)
{
	struct export_item *item = export_queue__pop(queue);

	drops->requests++;
	drops->items += item->items;
	free(item);
}

void export_queue__push(struct export_queue *queue, const uint8_t *bytes, size_t size,
			uint64_t items, uint64_t now_ns, struct export_drops *drops)
{
	struct export_item *item = NULL;

	if (size <= queue->limit_bytes && items <= queue->limit_items)
		item = malloc(sizeof(*item) + size);
	if (!item) {
		drops->requests++;
		drops->items += items;
		return;
	}
	*item = (struct export_item){.queued_ns = now_ns, .items = items, .size = size};
	memcpy(item->bytes, bytes, size);

	while (queue->bytes > queue->limit_bytes - size ||
	       queue->items > queue->limit_items - items)
		drop_first(queue, drops);
	if (queue->last)
		queue->last->next = item;
	else
		queue->first = item;
	queue->last = item;
	queue->bytes += size;
	queue->items += items;
}

struct export_item *export_queue__pop(struct export_queue *queue)
{
	struct export_item *item = queue->first;

	if (!item)
		return NULL;
	queue->first = item->next;
	if (!queue->first)
		queue->last = NULL;
	item->next = NULL;
	queue->bytes -= item->size;
	queue->items -= item->items;
	return item;
}

void export_queue__expire(struct export_queue *queue, uint64_t oldest_ns,
			  struct export_drops *drops)
{
	while (queue->first && queue->first->queued_ns < oldest_ns)
		drop_first(queue, drops);
}

void export_queue__clear(struct export_queue *queue, struct export_drops *drops)
{
	while (queue->first)
		drop_first(queue, drops);
}
