/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_SCHEDULERS_H
#define SCOTTYSCOPE_PLAN_SCHEDULERS_H

#include "elf/symbols.h"
#include "plan/plan.h"

/* Sets the plan's members for the kinds of schedulers that the sites of HOOK_SCHEDULE_SINGLE belong to. */
void plan_find_schedulers(struct plan *plan, const struct elf_symbols *symbols);

/* Sets the plan's members for the kinds of schedulers whose wake-ups the wanted hooks observe. */
void plan_choose_schedulers(struct plan *plan);

#endif
