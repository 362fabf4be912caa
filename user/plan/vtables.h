/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_VTABLES_H
#define SCOTTYSCOPE_PLAN_VTABLES_H

#include "plan/future.h"
#include "plan/plan.h"

/* Finds the vtables of tokio's tasks in the executable's data and what kind of task each is of;
 * fills `plan->vtables` and `plan->kinds`. None found is not an error. -ENOMEM. */
int plan_find_vtables(struct plan *plan, const struct plan_code *code, struct error *error);

#endif
