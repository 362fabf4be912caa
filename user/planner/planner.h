/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLANNER_PLANNER_H
#define SCOTTYSCOPE_PLANNER_PLANNER_H

/* Makes the first step of a plan in a process without privileges. All that a hostile executable can reach is that
 * process: whatever becomes of it, the agent gets a plan of checked numbers, or one sentence. */

#include "base/error.h"
#include "base/sandbox.h"
#include "elf/debug_search.h"
#include "plan/plan.h"

struct planner;

/* Starts the analysis of the executable behind `executable_fd`, which the caller keeps open until
 * planner__finish(). places->executable_path names the executable, also in messages. The planner replaces root by
 * `user`. */
int planner__start(int executable_fd, const struct elf_debug_places *places,
		   const struct sandbox_user *user, struct planner **ret_planner,
		   struct error *error);

/* Waits for the end of the analysis and sets `*ret_plan` to the result of plan__read(). The errors of the analysis
 * are those of elf_image__open(), elf_symbols__load() and plan__read(). -EPROTO if the planner died or sent
 * something else; -ETIMEDOUT. Each message names the executable. */
int planner__finish(struct planner *planner, struct plan **ret_plan, struct error *error);

/* Ends the process, if it still runs. */
void planner__free(struct planner *planner);

static inline void planner__freep(struct planner **planner)
{
	planner__free(*planner);
}

#endif
