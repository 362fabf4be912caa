// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/list_scan.h"

#include "tokio/runtime_layout.h"

struct list_scan {
	list_callback callback;
	void *context;
};

void list_scan__look(const struct memory_part *part, list_callback callback, void *context)
{
	for (size_t at = 0; at < part->size; at += sizeof(uint64_t)) {
		const uint64_t *words = (const void *)(part->bytes + at);

		if (at + LIST_WORDS * sizeof(uint64_t) > part->readable)
			return;
		if (runtime_list_is_valid(words) && !runtime_list_is_closed(words))
			callback(context, part->start + at);
	}
}

static int look(void *context, const struct memory_part *part)
{
	const struct list_scan *scan = context;

	list_scan__look(part, scan->callback, scan->context);
	return 0;
}

int list_scan__run(const struct process *target, list_callback callback, void *context)
{
	struct list_scan scan = {callback, context};
	struct memory_skipped skipped = {0};

	return memory_walk(target, look, &scan, &skipped);
}
