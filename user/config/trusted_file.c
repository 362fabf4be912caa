// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/trusted_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/regular_file.h"

/* sudo sets the variable in the environment of root, which no other user writes. */
static bool is_user_of_sudo(uid_t user)
{
	const char *text = getenv("SUDO_UID");
	char number[16];

	snprintf(number, sizeof(number), "%u", user);
	return geteuid() == 0 && text && strcmp(text, number) == 0;
}

static int check(const char *name, const char *path, const struct stat *status, struct error *error)
{
	if (status->st_uid != 0 && status->st_uid != geteuid() && !is_user_of_sudo(status->st_uid))
		return error_set(error, -EINVAL,
				 "%s: %.200s belongs to user %u, who could change it; give it to "
				 "root (chown root)",
				 name, path, status->st_uid);
	if (status->st_mode & S_IWOTH)
		return error_set(error, -EINVAL,
				 "%s: every user can write %.200s; take that away (chmod o-w)",
				 name, path);
	if ((status->st_mode & S_IWGRP) && status->st_gid != 0)
		return error_set(error, -EINVAL,
				 "%s: group %u can write %.200s; take that away (chmod g-w)", name,
				 status->st_gid, path);
	return 0;
}

int trusted_file__open(const char *name, const char *path, struct error *error)
{
	_cleanup_close_ int fd = regular_file__open(path);
	struct stat status;
	int r;

	if (fd == -EINVAL)
		return error_set(error, -EINVAL, "%s: %.200s is not a regular file", name, path);
	if (fd < 0)
		return error_set(error, -EINVAL, "%s: cannot open %.200s: %s", name, path,
				 strerror(-fd));
	if (fstat(fd, &status) < 0)
		return error_set(error, -EINVAL, "%s: cannot read %.200s: %s", name, path,
				 strerror(errno));
	r = check(name, path, &status, error);
	return r < 0 ? r : TAKE_FD(fd);
}
