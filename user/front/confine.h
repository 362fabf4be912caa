/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_CONFINE_H
#define SCOTTYSCOPE_FRONT_CONFINE_H

#include "config/config.h"

/* Restricts the supervisor and all its fronts to the files and the system calls that they need, where
 * the kernel can. Needs no_new_privs. A kernel, or a container, that does not offer a restriction is no
 * error: the restriction is left out, and logged. */
void front_confine(const struct config *config);

#endif
