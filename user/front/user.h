/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_USER_H
#define SCOTTYSCOPE_FRONT_USER_H

#include "base/error.h"
#include "base/sandbox.h"

/* The user that the package makes for the front. */
#define FRONT_USER_NAME "scottyscope"

/* Chooses the user that the front runs as instead of root: `name` (--front-user; NULL: not given),
 * else FRONT_USER_NAME. Returns 0; 1 for "nobody", the last resort, whose processes of different services
 * can signal each other. -EINVAL for a name that no user has, and for root. */
int front_user__choose(const char *name, struct sandbox_user *ret_user, struct error *error);

#endif
