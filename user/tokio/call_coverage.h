/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_CALL_COVERAGE_H
#define SCOTTYSCOPE_TOKIO_CALL_COVERAGE_H

#include "elf/executable.h"
#include "tokio/tokio.h"

/* Returns the percentage of the asynchronous tasks' poll functions that call the function of tokio's tasks at
 * `path`. A compiler can inline the function into some poll functions; a hook on the function misses the polls
 * of those. 100 if no vtable is known. */
unsigned int tokio_percent_of_polls(const struct tokio *tokio,
				    const struct elf_executable *executable, const char *path);

#endif
