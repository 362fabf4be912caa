/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_INTERNAL_H
#define SCOTTYSCOPE_PLAN_INTERNAL_H

/* The plan in the making, for the files of this stage only. */

#include "elf/executable.h"
#include "plan/plan.h"

struct plan_builder {
	struct plan *plan;
	const struct elf_executable *executable;
	struct error *error;
	size_t site_room;
};

/* Finds the sites of every hook, and the layouts that the code tells. */
int plan_find_sites(struct plan_builder *builder);

/* Chooses a way for each signal, or says why there is none. */
void plan_choose_strategies(struct plan_builder *builder);

/* Takes out what the level does without. */
void plan_disable_by_level(struct plan *plan, enum config_level level);

#endif
