// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/print.h"

const char *plan_attachment_name(const struct plan *plan)
{
	return plan->kernel.uprobe_multi ? "one uprobe_multi link a hook" : "one perf event a site";
}

const struct plan_hook *plan_hook_of_strategy(const struct plan *plan,
					      const struct catalogue_strategy *strategy,
					      size_t index)
{
	if (index < strategy->hook_count)
		return &plan->hooks[strategy->hooks[index]];
	index -= strategy->hook_count;
	return index < strategy->optional_hook_count ? &plan->hooks[strategy->optional_hooks[index]]
						     : NULL;
}

size_t plan_count_vtables(const struct plan *plan, size_t task_type)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->tokio.vtable_count; i++)
		count += plan->tokio.vtables[i].kind.index == task_type;
	return count;
}
