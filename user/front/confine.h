/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_CONFINE_H
#define SCOTTYSCOPE_FRONT_CONFINE_H

#include <sys/types.h>

#include "base/error.h"

/* The user and group "nobody" of every Linux, without asking a database for it. */
#define CONFINE_USER_ID ((uid_t)65534)

/* Gives up for good, in a process of one thread, what the front does not need: every descriptor
 * above 2 except `keep_fd` and `also_fd` (0: no other); the working directory; root's user and groups, if it has them; all
 * capabilities and the bounding set; gaining privileges by execve(); being traced or dumped. Then
 * checks that it is so. An error means that the process must not go on. */
int confine(int keep_fd, int also_fd, struct error *error);

/* Lets the kernel kill this process when its parent ends. -ESRCH when that has happened already.
 * `parent` is the parent's process id, taken before the fork. */
int confine_die_with_parent(pid_t parent, struct error *error);

#endif
