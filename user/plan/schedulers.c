// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/schedulers.h"

#include <string.h>

/* A function of HOOK_SCHEDULE_SINGLE has a copy for each kind of scheduler. The mangled name has the module of the
 * scheduler: tokio::runtime::scheduler::current_thread or tokio::task::local. */
static int add_scheduler(void *context, const struct elf_symbol *symbol)
{
	struct plan *plan = context;

	plan->single_has_current_thread |= strstr(symbol->name, "current_thread") != NULL;
	plan->single_has_local_set |= strstr(symbol->name, "4task5local") != NULL;
	return 0;
}

void plan_find_schedulers(struct plan *plan, const struct elf_symbols *symbols)
{
	const struct plan_hook *single = &plan->hooks[HOOK_SCHEDULE_SINGLE];

	for (size_t i = 0; i < single->site_count; i++)
		elf_symbols__names(symbols, plan->sites[single->first_site + i].code.entry,
				   add_scheduler, plan);
}

void plan_choose_schedulers(struct plan *plan)
{
	const struct plan_hook *single = &plan->hooks[HOOK_SCHEDULE_SINGLE];

	plan->schedules_multi_thread = plan->hooks[HOOK_TASK_SCHEDULE].wanted ||
				       (plan->hooks[HOOK_SCHEDULE_LOCAL].wanted &&
					plan->hooks[HOOK_SCHEDULE_REMOTE].wanted);
	plan->schedules_current_thread = single->wanted && plan->single_has_current_thread;
	plan->schedules_local_set = single->wanted && plan->single_has_local_set;
}
