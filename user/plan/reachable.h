/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_REACHABLE_H
#define SCOTTYSCOPE_PLAN_REACHABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/executable.h"

/* All functions of the catalogue in an executable, and whether anything refers to each. Zeroed: none. */
struct plan_reachable {
	uint64_t *entries;   /* ascending */
	bool *is_referenced; /* for each entry */
	size_t count;
	size_t capacity;
};

/* Searches the executable for references to the functions of the catalogue. -ENOMEM; the caller calls
 * plan_reachable__done() in any case. */
int plan_reachable__find(struct plan_reachable *reachable, const struct elf_executable *executable);
void plan_reachable__done(struct plan_reachable *reachable);

/* Whether anything refers to the function of the catalogue that begins at `entry`. */
bool plan_reachable__has(const struct plan_reachable *reachable, uint64_t entry);

#endif
