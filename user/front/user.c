// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>

static bool find(const char *name, struct sandbox_user *ret_user)
{
	const struct passwd *entry = getpwnam(name);

	if (entry)
		*ret_user = (struct sandbox_user){entry->pw_uid, entry->pw_gid};
	return entry;
}

int front_user__choose(const char *name, struct sandbox_user *ret_user, struct error *error)
{
	*ret_user = (struct sandbox_user){SANDBOX_USER_ID, SANDBOX_USER_ID};
	if (name && !find(name, ret_user))
		return error_set(error, -EINVAL, "--front-user: there is no user \"%s\"", name);
	if (!name && !find(FRONT_USER_NAME, ret_user))
		return 1;
	if (ret_user->user == 0 || ret_user->group == 0)
		return error_set(error, -EINVAL,
				 "--front-user: the network process must not be root");
	return 0;
}
