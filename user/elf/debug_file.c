// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Separate debug files: /usr/lib/debug/.build-id/xx/yyyy.debug, or the file that .gnu_debuglink
 * names. The user's directory takes the place of /usr/lib/debug, as gdb's debug-file-directory does. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <lzma.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "elf/internal.h"

/* Opens `path` as a process with the root directory `root` resolves the path: links in a container
 * must not lead outside `root`. O_NONBLOCK, because the file may be a FIFO. */
static int open_in_root(const char *root, const char *path)
{
	_cleanup_close_ int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT,
	};

	if (root_fd < 0)
		return -errno;

	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* Whether the file's CRC-32 is `checksum`. */
static bool has_checksum(int fd, uint32_t checksum)
{
	uint8_t bytes[64 * 1024];
	uint32_t found = 0;
	off_t offset = 0;
	ssize_t count;

	while ((count = pread(fd, bytes, sizeof(bytes), offset)) > 0) {
		found = lzma_crc32(bytes, (size_t)count, found);
		offset += count;
	}
	return count == 0 && found == checksum;
}

/* Returns whether `candidate`, read from `fd`, belongs to `image`: the build ids are equal. If either file has
 * no build id, the checksum in .gnu_debuglink must match the candidate. */
static bool is_match(const struct elf_image *image, const struct elf_image *candidate, int fd,
		     const uint32_t *checksum)
{
	const char *wanted = elf_image__build_id(image);
	const char *found = elf_image__build_id(candidate);

	if (elf_image__machine(image) != elf_image__machine(candidate))
		return false;
	if (wanted && found)
		return strcmp(wanted, found) == 0;
	return checksum && has_checksum(fd, *checksum);
}

static int try_path(const struct elf_image *image, const char *root, const char *path,
		    const uint32_t *checksum, struct elf_image **ret_image)
{
	_cleanup_(elf_image__freep) struct elf_image *candidate = NULL;
	_cleanup_close_ int fd = open_in_root(root, path);

	if (fd < 0)
		return -ENOENT;
	/* Treat an unusable file as absent: the file is not part of the executable. */
	if (elf_image__open_debug(fd, path, &candidate, NULL) < 0 ||
	    !is_match(image, candidate, fd, checksum))
		return -ENOENT;
	*ret_image = TAKE_PTR(candidate);
	return 0;
}

/* Tries a formatted path. Fails for a truncated path, which would name another file. */
static int try_formatted(const struct elf_image *image, const char *root, const uint32_t *checksum,
			 struct elf_image **ret_image, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static int try_formatted(const struct elf_image *image, const char *root, const uint32_t *checksum,
			 struct elf_image **ret_image, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(path))
		return -ENOENT;
	return try_path(image, root, path, checksum, ret_image);
}

/* Returns the file name in the section .gnu_debuglink, and the debug file's checksum, which follows
 * as 4 aligned bytes. */
static const char *read_debuglink(const struct elf_image *image, uint32_t *ret_checksum)
{
	struct elf_section section;

	if (elf_image__section(image, SHT_PROGBITS, ".gnu_debuglink", &section) < 0)
		return NULL;

	const char *name = (const char *)section.bytes;
	size_t length = strnlen(name, section.size);
	size_t checksum_at = (length + 4) & ~(size_t)3;

	if (length == 0 || length == section.size || memchr(name, '/', length) ||
	    checksum_at + sizeof(*ret_checksum) > section.size)
		return NULL;
	memcpy(ret_checksum, section.bytes + checksum_at, sizeof(*ret_checksum));
	return name;
}

/* What the names of an executable's debug file are made of. */
struct debug_names {
	const char *build_id; /* NULL: none */
	const char *link;     /* of .gnu_debuglink; NULL: none */
	uint32_t checksum;    /* of the file that `link` names */
	const char *path;     /* of the executable */
	int directory;	      /* length of its directory; -1: the path is relative */
};

static struct debug_names read_names(const struct elf_image *image)
{
	struct debug_names names = {
		.build_id = elf_image__build_id(image),
		.path = elf_image__path(image),
		.directory = -1,
	};

	names.link = read_debuglink(image, &names.checksum);
	if (*names.path == '/')
		names.directory = (int)(strrchr(names.path, '/') - names.path);
	return names;
}

static int try_root(const struct elf_image *image, const struct debug_names *names,
		    const char *root, struct elf_image **ret_image)
{
	int r = -ENOENT;

	if (names->build_id)
		r = try_formatted(image, root, NULL, ret_image,
				  "/usr/lib/debug/.build-id/%.2s/%s.debug", names->build_id,
				  names->build_id + 2);
	if (r == 0 || !names->link || names->directory < 0)
		return r;
	r = try_formatted(image, root, &names->checksum, ret_image, "%.*s/%s", names->directory,
			  names->path, names->link);
	if (r < 0)
		r = try_formatted(image, root, &names->checksum, ret_image, "%.*s/.debug/%s",
				  names->directory, names->path, names->link);
	if (r < 0)
		r = try_formatted(image, root, &names->checksum, ret_image, "/usr/lib/debug%.*s/%s",
				  names->directory, names->path, names->link);
	return r;
}

/* Searches the user's directory, also for the mere name: files are often copied there by hand. */
static int try_directory(const struct elf_image *image, const struct debug_names *names,
			 const char *root, struct elf_image **ret_image)
{
	int r = -ENOENT;

	if (names->build_id)
		r = try_formatted(image, root, NULL, ret_image, "/.build-id/%.2s/%s.debug",
				  names->build_id, names->build_id + 2);
	if (r < 0 && names->link)
		r = try_formatted(image, root, &names->checksum, ret_image, "/%s", names->link);
	if (r < 0 && names->link && names->directory >= 0)
		r = try_formatted(image, root, &names->checksum, ret_image, "%.*s/%s",
				  names->directory, names->path, names->link);
	return r;
}

int elf_debug_file__open(const struct elf_image *image, const struct elf_debug_places *places,
			 struct elf_image **ret_image)
{
	struct debug_names names = read_names(image);

	if (places && places->directory &&
	    try_directory(image, &names, places->directory, ret_image) == 0)
		return 0;
	if (places && places->root && try_root(image, &names, places->root, ret_image) == 0)
		return 0;
	return try_root(image, &names, "/", ret_image);
}
