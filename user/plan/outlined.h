/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_OUTLINED_H
#define SCOTTYSCOPE_PLAN_OUTLINED_H

#include "plan/future.h"
#include "plan/plan.h"

/* How many percent of the asynchronous tasks' poll functions call the function of tokio's tasks at
 * `path`: where a compiler has inlined it into some of them, a hook on what is left of it misses
 * theirs. 100 where no vtable is known. */
unsigned int plan_percent_of_polls(const struct plan *plan, const struct plan_code *code,
				   const char *path);

#endif
