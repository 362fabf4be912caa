/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_KINDS_H
#define SCOTTYSCOPE_PLAN_KINDS_H

#include "plan/plan.h"

/* The kind of blocking tasks that KIND_OTHER is of asynchronous ones; the first with a name. */
#define KIND_OTHER_BLOCKING 1
#define KIND_NAMED	    2

/* What the tasks of that name and class are for. */
enum task_role kind_role(const char *name, enum task_class class);

/* Lists the kinds of the plan's vtables and sets each vtable's; `names` are the futures' names in
 * the order of the vtables, NULL for those unknown, and stay the caller's. First the kinds for the
 * unknown, then those with a role, then the rest, each by name; those that KIND_LIMIT leaves no room
 * for count as unknown. -ENOMEM. */
int plan_list_kinds(struct plan *plan, char *const *names);

#endif
