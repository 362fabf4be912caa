// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Chooses the separate debug file of an executable among the files that its names may mean. */

#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "elf/internal.h"

void elf_debug_files__close(struct elf_debug_files *files)
{
	while (files->count > 0)
		close(files->fds[--files->count]);
}

/* Returns the CRC-32 of `found` and then `count` zeros: of a hole, without reading the hole. */
static uint32_t add_zeros(uint32_t found, uint64_t count)
{
	static const uint8_t zero = 0;
	uLong zeros = crc32(0, &zero, 1); /* of a power of two zeros */

	for (uint64_t length = 1; count > 0; count >>= 1, length <<= 1) {
		if (count & 1)
			found = (uint32_t)crc32_combine(found, zeros, (z_off_t)length);
		zeros = crc32_combine(zeros, zeros, (z_off_t)length);
	}
	return found;
}

/* Adds the data of the file from `*offset` up to `end` to the checksum. */
static bool add_data(const struct elf_image *image, int fd, off_t *offset, off_t end,
		     uint32_t *found)
{
	uint8_t bytes[64 * 1024];

	while (*offset < end) {
		size_t size = MIN((size_t)(end - *offset), sizeof(bytes));
		ssize_t count = pread(fd, bytes, size, *offset);

		if (count <= 0 ||
		    budget__spend(image->budget, BUDGET_FILE_BYTES, (uint64_t)count) < 0)
			return false;
		*found = lzma_crc32(bytes, (size_t)count, *found);
		*offset += count;
	}
	return true;
}

/* Whether the CRC-32 of a file of `size` bytes is `checksum`. A file system without holes has one piece of data. */
static bool has_checksum(const struct elf_image *image, int fd, off_t size, uint32_t checksum)
{
	uint32_t found = 0;
	off_t offset = 0;

	while (offset < size) {
		off_t data = lseek(fd, offset, SEEK_DATA);
		off_t end;

		if (data < 0 && errno != ENXIO)
			data = offset;
		if (data < offset || data > size)
			data = size;
		found = add_zeros(found, (uint64_t)(data - offset));
		offset = data;
		end = lseek(fd, offset, SEEK_HOLE);
		if (end <= offset || end > size)
			end = size;
		if (!add_data(image, fd, &offset, end, &found) ||
		    budget__spend(image->budget, BUDGET_FILE_BYTES, sizeof(found)) < 0)
			return false;
	}
	return found == checksum;
}

/* Returns whether `candidate`, read from `fd`, belongs to `image`: the build ids are equal. If either file has
 * no build id, the checksum in .gnu_debuglink must match the candidate. */
static bool is_match(const struct elf_image *image, const struct elf_image *candidate, int fd,
		     const struct elf_debug_names *names)
{
	const char *found = elf_image__build_id(candidate);

	if (elf_image__machine(image) != elf_image__machine(candidate))
		return false;
	if (names->build_id[0] && found)
		return strcmp(names->build_id, found) == 0;
	return names->link[0] &&
	       has_checksum(candidate, fd, (off_t)candidate->size, names->checksum);
}

/* Reads the file name in the section .gnu_debuglink, and the debug file's checksum, which follows as 4
 * aligned bytes. */
static void read_debuglink(const struct elf_image *image, struct elf_debug_names *names)
{
	struct elf_section section;

	if (elf_image__section(image, SHT_PROGBITS, ".gnu_debuglink", &section) < 0)
		return;

	const char *name = (const char *)section.bytes;
	size_t length = strnlen(name, MIN(section.size, sizeof(names->link)));
	size_t checksum_at = (length + 4) & ~(size_t)3;

	if (length == 0 || length == sizeof(names->link) || length == section.size ||
	    checksum_at + sizeof(names->checksum) > section.size)
		return;
	memcpy(names->link, name, length);
	memcpy(&names->checksum, section.bytes + checksum_at, sizeof(names->checksum));
}

static struct elf_debug_names read_names(const struct elf_image *image)
{
	struct elf_debug_names names = {.build_id = ""};

	memcpy(names.build_id, image->build_id, sizeof(names.build_id));
	read_debuglink(image, &names);
	return names;
}

int elf_debug_file__open(const struct elf_image *image, const struct elf_debug_finder *finder,
			 struct elf_image **ret_image)
{
	_cleanup_(elf_debug_files__close) struct elf_debug_files files = {.count = 0};
	const struct elf_debug_names names = read_names(image);
	int r = -ENOENT;

	if ((names.build_id[0] || names.link[0]) && finder &&
	    finder->find(finder->context, &names, &files) < 0)
		return -ENOENT;
	for (size_t i = 0; i < files.count && r < 0; i++) {
		_cleanup_(elf_image__freep) struct elf_image *candidate = NULL;

		/* Treat an unusable file as absent: the file is not part of the executable. */
		if (elf_image__open_debug(image, files.fds[i], "the debug file", &candidate, NULL) <
			    0 ||
		    !is_match(image, candidate, files.fds[i], &names))
			continue;
		*ret_image = TAKE_PTR(candidate);
		r = 0;
	}
	return r;
}
