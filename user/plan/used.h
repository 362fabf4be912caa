/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_USED_H
#define SCOTTYSCOPE_PLAN_USED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/executable.h"

/* The functions that hooks may be in, and whether anything refers to them. Zeroed: none. */
struct plan_used {
	uint64_t *entries; /* ascending */
	bool *used;	   /* of each */
	size_t count;
	size_t room;
};

/* Looks for references to all functions of the catalogue. -ENOMEM; the caller gives `used` back in
 * any case. */
int plan_used__find(struct plan_used *used, const struct elf_executable *executable);
void plan_used__done(struct plan_used *used);

/* Whether anything refers to the function of the catalogue that begins at `entry`. */
bool plan_used__has(const struct plan_used *used, uint64_t entry);

#endif
