// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/list_scan.h"

#include <errno.h>

#include "tokio/runtime_layout.h"

struct list_scan {
	list_callback callback;
	void *context;
	struct budget budget;
};

int list_scan__look(const struct memory_part *part, list_callback callback, void *context,
		    struct budget *budget)
{
	for (size_t at = 0; at < part->size; at += sizeof(uint64_t)) {
		const uint64_t *words = (const void *)(part->bytes + at);

		if (at + LIST_WORDS * sizeof(uint64_t) > part->readable)
			break;
		if (!runtime_list_is_valid(words) || runtime_list_is_closed(words))
			continue;
		if (budget__spend(budget, BUDGET_CANDIDATES, 1) < 0)
			return -EDQUOT;
		callback(context, part->start + at);
	}
	return 0;
}

static int look(void *context, const struct memory_part *part)
{
	struct list_scan *scan = context;

	return list_scan__look(part, scan->callback, scan->context, &scan->budget);
}

int list_scan__run(const struct process *target, list_callback callback, void *context)
{
	struct list_scan scan = {.callback = callback, .context = context};
	struct memory_skipped skipped = {0};

	budget__init(&scan.budget);
	scan.budget.limits[BUDGET_NANOSECONDS] = MEMORY_WALK_LIMIT_NS;
	return memory_walk(target, look, &scan, &skipped, &scan.budget);
}
