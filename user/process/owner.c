// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process/owner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "process/proc.h"

#define STATUS_LIMIT_BYTES ((size_t)64 * 1024)

/* Reads the line "Uid: real effective saved file system". */
static int read_users(pid_t pid, struct process_owner *owner)
{
	_cleanup_free_ char *status = NULL;
	const char *field;
	size_t size;
	int r = proc__read(pid, "status", STATUS_LIMIT_BYTES, &status, &size);

	if (r < 0)
		return r;
	/* The kernel escapes line ends in the name, which is on the first line. */
	field = strstr(status, "\nUid:");
	if (!field || sscanf(field, "\nUid: %u %u", &owner->real_user, &owner->user) != 2)
		return -EIO;
	return 0;
}

int process_owner__read(pid_t pid, struct process_owner *ret_owner)
{
	struct process_owner owner = {0};
	struct stat file;
	char path[64];
	int r = read_users(pid, &owner);

	if (r < 0)
		return r;
	*ret_owner = owner;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &file) < 0)
		return -errno;
	ret_owner->file_user = file.st_uid;
	ret_owner->file_group = file.st_gid;
	ret_owner->file_mode = file.st_mode;
	return 0;
}

bool process_owner__is(const struct process_owner *owner, uid_t user)
{
	return owner->user == user && owner->real_user == user;
}

bool process_owner__writer(const struct process_owner *owner, char *text, size_t size)
{
	const struct group *group;
	char name[OWNER_NAME_SIZE];

	if (owner->file_mode & S_IWOTH) {
		snprintf(text, size, "every user");
		return true;
	}
	/* The owner may write whatever the mode says: chmod() is the owner's. */
	if (owner->file_user != 0 && !process_owner__is(owner, owner->file_user)) {
		snprintf(text, size, "user %s", process_owner__name(owner->file_user, name));
		return true;
	}
	if (!(owner->file_mode & S_IWGRP) || owner->file_group == 0)
		return false;
	group = getgrgid(owner->file_group);
	if (group)
		snprintf(text, size, "group %s", group->gr_name);
	else
		snprintf(text, size, "group %u", owner->file_group);
	return true;
}

const char *process_owner__name(uid_t user, char name[OWNER_NAME_SIZE])
{
	const struct passwd *entry = getpwuid(user);

	if (entry)
		snprintf(name, OWNER_NAME_SIZE, "%s", entry->pw_name);
	else
		snprintf(name, OWNER_NAME_SIZE, "%u", user);
	return name;
}
