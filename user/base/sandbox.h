/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_SANDBOX_H
#define SCOTTYSCOPE_BASE_SANDBOX_H

#include <sys/types.h>

#include "base/error.h"

/* User and group "nobody" of every Linux distribution. The number needs no user database. */
#define SANDBOX_USER_ID ((uid_t)65534)

/* The user that replaces root in a sandbox. */
struct sandbox_user {
	uid_t user;
	gid_t group;
};

/* Irrevocably drops the privileges of a single-threaded process. Closes every descriptor above 2
 * except `keep_fd` and `also_fd` (0: none); changes to the root directory; replaces root's user and
 * groups by those of `user`; drops all capabilities and the bounding set; forbids new privileges by
 * execve(), tracing and core dumps. Then runs sandbox__verify(). After an error the process must
 * exit. */
int sandbox__enter(int keep_fd, int also_fd, const struct sandbox_user *user, struct error *error);

/* Closes every descriptor above 2 except `keep_fd` and `also_fd` (0: none). */
int sandbox__close_others(int keep_fd, int also_fd, struct error *error);

/* Returns -EPERM if the process has a capability, has root as one of its users, or may gain
 * privileges by execve(); else 0. */
int sandbox__verify(struct error *error);

/* Forbids tracing by other processes of the same user, and core dumps, whose handlers the kernel runs
 * also where the limit of their size is 0. For the start of main(), before a secret is read. */
int sandbox__forbid_dumps(struct error *error);

/* Irrevocably forbids to gain privileges by execve(). Seccomp and Landlock need it. */
int sandbox__forbid_new_privileges(struct error *error);

/* Requests SIGKILL for this process when its parent ends. `parent` is the parent's process id from
 * before the fork. -ESRCH if the parent has already ended. */
int sandbox__die_with_parent(pid_t parent, struct error *error);

#endif
