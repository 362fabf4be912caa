// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/debug_search.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"

#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC 0x62656570 /* fs/configfs/mount.c */
#endif

/* Who may own a file. */
enum owner {
	OWNER_ANY,
	OWNER_ROOT, /* and no other user may write the file */
};

/* One search. */
struct search {
	const struct elf_debug_names *names;
	const char *root;
	enum owner owner;
	const char *executable_path;
	int directory_length; /* of the executable's path; -1: the path is relative or unknown */
	struct elf_debug_files *files;
};

/* Regular files of these file systems are no files: to read them may have effects, or never end. */
static bool is_pseudo_file(int fd)
{
	struct statfs file_system;

	if (fstatfs(fd, &file_system) < 0)
		return true;
	switch ((unsigned long)file_system.f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case CONFIGFS_MAGIC:
		return true;
	default:
		return false;
	}
}

static bool is_acceptable(int fd, enum owner owner)
{
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || is_pseudo_file(fd) ||
	    status.st_size < (off_t)sizeof(Elf64_Ehdr))
		return false;
	return owner == OWNER_ANY ||
	       (status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0);
}

/* Resolves `path` as a process with the root directory `root` does, without opening the file. */
static int resolve(const char *root, const char *path)
{
	_cleanup_close_ int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	long fd;

	if (root_fd < 0)
		return -errno;
	fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

/* Opens a resolved file for reading: the file itself, whatever its path leads to by now. */
static int open_resolved(int resolved)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", resolved);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Whether a file begins as the image of a program. A link can lead to any file that root may read: the planner, which
 * parses bytes of the target's owner, gets neither such a file nor a core dump. */
static bool is_program_image(int fd)
{
	Elf64_Ehdr header;

	return pread(fd, &header, sizeof(header), 0) == sizeof(header) &&
	       memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	       (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

/* Adds the file at a formatted path. A truncated path would name another file. */
static void search__add(struct search *search, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void search__add(struct search *search, const char *format, ...)
{
	_cleanup_close_ int resolved = -1, fd = -1;
	struct elf_debug_files *files = search->files;
	char path[PATH_MAX];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(path) || files->count == ELF_DEBUG_FILES_MAX)
		return;
	resolved = resolve(search->root, path);
	if (resolved < 0 || !is_acceptable(resolved, search->owner))
		return;
	fd = open_resolved(resolved);
	if (fd >= 0 && is_program_image(fd))
		files->fds[files->count++] = TAKE_FD(fd);
}

/* Whether a build id is what the note of an executable may hold. */
static bool is_build_id(const char *build_id)
{
	size_t length = strnlen(build_id, 2 * BUILD_ID_BYTES_MAX + 1);

	return length >= 4 && length <= 2 * BUILD_ID_BYTES_MAX &&
	       strspn(build_id, "0123456789abcdef") == length;
}

static bool is_file_name(const char *name)
{
	size_t length = strnlen(name, NAME_MAX + 1);

	return length > 0 && length <= NAME_MAX && !memchr(name, '/', length) &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void search__add_build_id(struct search *search, const char *directory)
{
	const char *build_id = search->names->build_id;

	if (is_build_id(build_id))
		search__add(search, "%s/.build-id/%.2s/%s.debug", directory, build_id,
			    build_id + 2);
}

/* Adds the file `link` in `directory` and below the directory of the executable: `before` and `behind` the path of
 * that directory. */
static void search__add_below(struct search *search, const char *before, const char *behind)
{
	if (search->directory_length >= 0)
		search__add(search, "%s%.*s%s/%s", before, search->directory_length,
			    search->executable_path, behind, search->names->link);
}

/* Also for the mere name: files are often copied into the directory by hand. */
static void search__in_directory(struct search *search)
{
	search__add_build_id(search, "");
	if (!is_file_name(search->names->link))
		return;
	search__add(search, "/%s", search->names->link);
	search__add_below(search, "", "");
}

static void search__in_target(struct search *search)
{
	search__add_build_id(search, "/usr/lib/debug");
	if (!is_file_name(search->names->link))
		return;
	search__add_below(search, "", "");
	search__add_below(search, "", "/.debug");
	search__add_below(search, "/usr/lib/debug", "");
}

int elf_debug_search__find(void *context, const struct elf_debug_names *names,
			   struct elf_debug_files *ret_files)
{
	const struct elf_debug_places *places = context;
	const char *path = places->executable_path;
	struct search search = {
		.names = names,
		.executable_path = path,
		.directory_length = path && *path == '/' ? (int)(strrchr(path, '/') - path) : -1,
		.files = ret_files,
	};

	ret_files->count = 0;
	search.root = places->directory;
	if (search.root)
		search__in_directory(&search);
	search.root = places->root;
	if (search.root)
		search__in_target(&search);
	search.root = places->own_root ? places->own_root : "/";
	search.owner = OWNER_ROOT;
	search__add_build_id(&search, "/usr/lib/debug");
	return 0;
}
