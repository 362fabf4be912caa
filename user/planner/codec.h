/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLANNER_CODEC_H
#define SCOTTYSCOPE_PLANNER_CODEC_H

/* The result of plan__read() as bytes. They hold what the executable shows and nothing that follows from the
 * catalogue: the reader adds that itself. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "elf/code_map.h"
#include "plan/plan.h"
#include "planner/bytes.h"

/* The size of the largest plan. */
#define PLAN_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* Writes a plan, which has no strategies yet. The caller frees writer->bytes, and checks writer->failed. */
void planner_encode(const struct plan *plan, struct byte_writer *writer);

/* Reads a plan that a process without privileges wrote from an executable with the code `map`. Every number is
 * checked: counts by the limits of the analysis, indices by the lists that they point into, sites by the
 * segments of the executable. The caller frees the plan. -EPROTO if anything is out of its range, if the bytes are
 * too few or too many; -ENOMEM. */
int planner_decode(const void *bytes, size_t size, const struct elf_code_map *map,
		   struct plan **ret_plan, struct error *error);

#endif
