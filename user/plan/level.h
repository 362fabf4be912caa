/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_LEVEL_H
#define SCOTTYSCOPE_PLAN_LEVEL_H

#include "base/level.h"
#include "plan/plan.h"

/* Disables the instrumentations that the level does not include. The plan has its strategies already. */
void plan_disable_by_level(struct plan *plan, enum level level);

/* Whether the level basic omits a wanted hook of a higher level, or detaches it soon. */
bool plan_level_basic_omits(const struct plan *plan, enum hook hook);

#endif
