/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLANNER_FORMAT_H
#define SCOTTYSCOPE_PLANNER_FORMAT_H

/* What planner_encode() and planner_decode() agree upon. */

#include "base/budget.h"

#define FORMAT_MAGIC	   UINT32_C(0x6e616c50)
#define FORMAT_NO_FUNCTION UINT8_MAX

/* Limits of the reader: at least those of the analysis. */
#define FORMAT_SITES_MAX      BUDGET_SITES_LIMIT
#define FORMAT_VTABLES_MAX    BUDGET_VTABLES_LIMIT
#define FORMAT_SYMBOLS_MAX    (1U << 22)
#define FORMAT_NAME_BYTES_MAX 4096
#define FORMAT_REGISTER_MAX   31 /* the highest number of a register */

/* A thread's block of thread-local variables has less than 2 GiB (elf/thread_local.c). */
#define FORMAT_THREAD_OFFSET_MAX (INT64_C(1) << 33)

#endif
