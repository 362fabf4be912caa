/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_PRIVILEGE_H
#define SCOTTYSCOPE_PROCESS_PRIVILEGE_H

#include <stddef.h>
#include <sys/capability.h>

#include "process/restriction.h"

/* Advice for messages about missing permissions. */

#define PRIVILEGE_ADVICE_SIZE RESTRICTION_SIZE

/* Writes advice on a denial: the names of the missing capabilities or, if the process has all of
 * them, other possible causes. Returns `text`. */
char *privilege__advise(const cap_value_t *needed, size_t count, char text[PRIVILEGE_ADVICE_SIZE]);

/* Writes advice on a denied access to /proc of another process. Returns `text`. */
char *privilege__advise_inspection(char text[PRIVILEGE_ADVICE_SIZE]);

/* Writes the names of the capabilities that `held` lacks, such as "CAP_BPF and CAP_PERFMON".
 * Returns their number. */
size_t privilege__name_missing(cap_t held, const cap_value_t *needed, size_t count, char *text,
			       size_t size);

#endif
