/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_SITES_H
#define SCOTTYSCOPE_PLAN_SITES_H

#include "base/error.h"
#include "elf/executable.h"
#include "plan/plan.h"

/* Finds the sites of every hook, and the layouts of AppData that its constructor's code shows. The plan has
 * its `tokio` already. -EBADMSG if code cannot be read; -ENOMEM. */
int plan_find_sites(struct plan *plan, const struct elf_executable *executable,
		    struct error *error);

#endif
