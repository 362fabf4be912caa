/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_PRIVILEGE_H
#define SCOTTYSCOPE_PROCESS_PRIVILEGE_H

#include <stddef.h>
#include <sys/capability.h>

/* Text for messages: what this process needs to be permitted. */

#define PRIVILEGE_ADVICE_SIZE 160

/* Writes what would lift a denial that these capabilities would have prevented: the missing ones by
 * name, or, where the process has all of them, what else denies access. Returns `text`. */
char *privilege__advise(const cap_value_t *needed, size_t count, char text[PRIVILEGE_ADVICE_SIZE]);

/* The same for reading /proc of another process. */
char *privilege__advise_inspection(char text[PRIVILEGE_ADVICE_SIZE]);

/* Writes the names of those capabilities that `held` lacks, such as "CAP_BPF and CAP_PERFMON".
 * Returns their number. */
size_t privilege__name_missing(cap_t held, const cap_value_t *needed, size_t count, char *text,
			       size_t size);

#endif
