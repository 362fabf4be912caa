/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_SANDBOX_H
#define SCOTTYSCOPE_BASE_SANDBOX_H

#include <sys/types.h>

#include "base/error.h"

/* User and group "nobody" of every Linux distribution. The number needs no user database. */
#define SANDBOX_USER_ID ((uid_t)65534)

/* Irrevocably drops the privileges of a single-threaded process. Closes every descriptor above 2
 * except `keep_fd` and `also_fd` (0: none); changes to the root directory; replaces root's user and
 * groups by SANDBOX_USER_ID; drops all capabilities and the bounding set; forbids new privileges by
 * execve(), tracing and core dumps. Then runs sandbox__verify(). After an error the process must
 * exit. */
int sandbox__enter(int keep_fd, int also_fd, struct error *error);

/* Returns -EPERM if the process has a capability, has root as one of its users, or may gain
 * privileges by execve(); else 0. */
int sandbox__verify(struct error *error);

/* Requests SIGKILL for this process when its parent ends. `parent` is the parent's process id from
 * before the fork. -ESRCH if the parent has already ended. */
int sandbox__die_with_parent(pid_t parent, struct error *error);

#endif
