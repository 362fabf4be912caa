/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_VTABLES_H
#define SCOTTYSCOPE_PLAN_VTABLES_H

#include "plan/plan.h"

/* Finds the vtables of tokio's tasks in the executable's data and what kind of task each is of;
 * fills `plan->vtables`. None found is not an error. */
int plan_find_vtables(struct plan *plan, const struct elf_image *image,
		      const struct elf_symbols *symbols, struct error *error);

#endif
