/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_ENVIRONMENT_H
#define SCOTTYSCOPE_BASE_ENVIRONMENT_H

#include <stdbool.h>

/* Returns a copy of this process's environment with the variables ("NAME=value") that `is_kept` selects;
 * NULL if out of memory. The caller frees the array; the strings are shared. */
char **environment__select(bool (*is_kept)(const char *variable));

#endif
