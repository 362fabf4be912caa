// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/file_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Of include/uapi/linux/landlock.h, which the headers of older systems do not have in full. */
struct ruleset_attributes {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};
#define ACCESS_REFER	  (UINT64_C(1) << 13)
#define ACCESS_TRUNCATE	  (UINT64_C(1) << 14)
#define ACCESS_IOCTL_DEV  (UINT64_C(1) << 15)
#define SCOPE_UNIX_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL	  (UINT64_C(1) << 1)

/* The rights of version 1: all bits below LANDLOCK_ACCESS_FS_REFER. */
#define ACCESS_FIRST (ACCESS_REFER - 1)
#define ACCESS_READ  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* The rights that a rule for a file, not for a directory, may have. */
#define ACCESS_OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE)

static struct ruleset_attributes attributes_of(long version)
{
	struct ruleset_attributes attributes = {.handled_access_fs = ACCESS_FIRST};

	if (version >= 2)
		attributes.handled_access_fs |= ACCESS_REFER;
	if (version >= 3)
		attributes.handled_access_fs |= ACCESS_TRUNCATE;
	if (version >= 5)
		attributes.handled_access_fs |= ACCESS_IOCTL_DEV;
	if (version >= 6)
		attributes.scoped = SCOPE_UNIX_SOCKET | SCOPE_SIGNAL;
	return attributes;
}

static int add_fd(int ruleset_fd, int fd, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = fd, .allowed_access = access};
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISDIR(status.st_mode))
		rule.allowed_access &= ACCESS_OF_FILES;
	return syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
		       ? -errno
		       : 0;
}

static int add_paths(int ruleset_fd, const char *const *paths, size_t count, uint64_t access)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_close_ int fd = open(paths[i], O_PATH | O_CLOEXEC);
		int r = fd < 0 ? 0 : add_fd(ruleset_fd, fd, access);

		if (r < 0)
			return r;
	}
	return 0;
}

int file_rules__enter(const char *const *paths, size_t count, const char *const *executable_paths,
		      size_t executable_count, int executable_fd, struct error *error)
{
	const uint64_t execute = ACCESS_READ | LANDLOCK_ACCESS_FS_EXECUTE;
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	_cleanup_close_ int fd = -1;
	struct ruleset_attributes attributes;
	int r;

	if (version < 1)
		return error_set(error, -EOPNOTSUPP, "the kernel does not offer Landlock");
	attributes = attributes_of(version);
	/* An older kernel takes a longer structure whose further bytes are 0. */
	fd = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	r = fd < 0 ? -errno : add_paths(fd, paths, count, ACCESS_READ);
	if (r == 0)
		r = add_paths(fd, executable_paths, executable_count, execute);
	if (r == 0 && executable_fd > 0)
		r = add_fd(fd, executable_fd, execute);
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = -errno;
	return r < 0 ? error_set(error, r, "cannot restrict the access to files: %m") : 0;
}
