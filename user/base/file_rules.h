/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_FILE_RULES_H
#define SCOTTYSCOPE_BASE_FILE_RULES_H

/* Restricts the files that a process can open, and the processes that it can signal (Landlock). */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Restricts this process and its future children, irrevocably: they can read the files at and below
 * `paths`, and execute those at and below `executable_paths` and of the descriptor `executable_fd` (0:
 * none). They can write and create no file. From Linux 6.12 on they can signal no process outside, and
 * connect to no abstract Unix socket of one. Paths that do not exist are ignored. Needs no_new_privs.
 *
 * Returns 0; -EOPNOTSUPP, without a restriction, where the kernel has no Landlock. */
int file_rules__enter(const char *const *paths, size_t count, const char *const *executable_paths,
		      size_t executable_count, int executable_fd, struct error *error);

#endif
