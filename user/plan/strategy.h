/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_STRATEGY_H
#define SCOTTYSCOPE_PLAN_STRATEGY_H

#include "plan/plan.h"

/* Chooses a strategy for each instrumentation and marks its hooks as wanted, or sets the reason and the
 * remedy of a missing instrumentation. The plan has its sites and the kernel's features already. */
void plan_choose_strategies(struct plan *plan);

#endif
