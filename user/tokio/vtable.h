/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_VTABLE_H
#define SCOTTYSCOPE_TOKIO_VTABLE_H

#include "base/error.h"
#include "elf/executable.h"
#include "tokio/tokio.h"

/* Finds the vtables of tokio's tasks in the executable's data, and the task type of each: fills
 * `tokio->vtables` and `tokio->task_types`. An executable without vtables is no error. -ENOMEM;
 * -EDQUOT. */
int tokio_find_vtables(struct tokio *tokio, const struct elf_executable *executable,
		       struct error *error);

#endif
