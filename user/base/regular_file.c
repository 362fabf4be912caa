// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/regular_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"

static bool is_of_cgroup(int fd)
{
	struct statfs file_system;

	return fstatfs(fd, &file_system) == 0 && (file_system.f_type == CGROUP_SUPER_MAGIC ||
						  file_system.f_type == CGROUP2_SUPER_MAGIC);
}

/* Opens a file that was found by O_PATH, whatever its path leads to by now. */
static int open_place(int place)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* O_PATH finds a file and does not open it. */
static int open_file(const char *path, bool is_cgroup)
{
	_cleanup_close_ int place = open(path, O_PATH | O_CLOEXEC);
	struct stat status;

	if (place < 0 || fstat(place, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || (is_cgroup && !is_of_cgroup(place)))
		return -EINVAL;
	return open_place(place);
}

int regular_file__open(const char *path)
{
	return open_file(path, false);
}

int regular_file__open_cgroup(const char *path)
{
	return open_file(path, true);
}
