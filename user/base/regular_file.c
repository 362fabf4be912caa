// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/regular_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int regular_file__open(const char *path)
{
	/* O_PATH finds the file and does not open it. */
	_cleanup_close_ int place = open(path, O_PATH | O_CLOEXEC);
	struct stat status;
	char again[64];
	int fd;

	if (place < 0 || fstat(place, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", place);
	fd = open(again, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
