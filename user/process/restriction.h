/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_RESTRICTION_H
#define SCOTTYSCOPE_PROCESS_RESTRICTION_H

/* What may restrict this process beside missing capabilities, for messages: the lockdown of the
 * kernel, limits of memory, seccomp, user namespaces. */

#include <stddef.h>

#define RESTRICTION_SIZE 256

/* The lockdown of the kernel (kernel_lockdown.7). */
enum lockdown {
	LOCKDOWN_NONE, /* also where it is unknown */
	LOCKDOWN_INTEGRITY,
	LOCKDOWN_CONFIDENTIALITY, /* BPF programs may not read memory of the kernel */
};

/* Reads the file of the kernel, /sys/kernel/security/lockdown. */
enum lockdown restriction__lockdown(const char *path);

/* Parses the file, such as "none [integrity] confidentiality". */
enum lockdown restriction__parse_lockdown(const char *text);

/* Writes the limits of memory that apply to this process, such as "the memory limit of its control
 * group is 32 MiB"; without a limit, that the machine is short of memory. Returns `text`. */
const char *restriction__memory(char text[RESTRICTION_SIZE]);

/* Writes what denies a privileged process an operation, by the texts of /proc/self/status and
 * /proc/self/uid_map. Returns `text`. */
const char *restriction__denier(const char *status, const char *uid_map,
				char text[RESTRICTION_SIZE]);

/* As restriction__denier(), of this process. */
const char *restriction__own_denier(char text[RESTRICTION_SIZE]);

#endif
