/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_ENVIRONMENT_H
#define SCOTTYSCOPE_BASE_ENVIRONMENT_H

/* Both return a copy of this process's environment; NULL if out of memory. `beginnings` are those of the
 * variables ("NAME=", or a common beginning of several names), ended by NULL. The caller frees the array;
 * the strings are shared. */
char **environment__only(const char *const *beginnings);
char **environment__without(const char *const *beginnings);

#endif
