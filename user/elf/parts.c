// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Copies of the parts of a debug file that name functions and the build: some 10 MB for a server like Scotty,
 * of a file that may have a hundred times as much. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "elf/internal.h"

#define READ_BYTES ((size_t)1024 * 1024)

/* Reads into a part. Bytes that the file lost since it was measured stay zero. */
static int fill(struct elf_image *image, int fd, const struct elf_part *part)
{
	for (size_t at = 0; at < part->size;) {
		size_t size = MIN(part->size - at, READ_BYTES);
		ssize_t count = pread(fd, part->bytes + at, size, (off_t)(part->offset + at));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (count == 0)
			return 0;
		if (budget__spend(image->budget, BUDGET_FILE_BYTES, (uint64_t)count) < 0)
			return -EDQUOT;
		at += (size_t)count;
	}
	return 0;
}

/* Copies `size` bytes of the file from `offset` on; fewer at the end of the file. Ignores parts beyond
 * ELF_PARTS_MAX, which no linker writes. */
static int copy_part(struct elf_image *image, int fd, uint64_t offset, uint64_t size,
		     struct error *error)
{
	struct elf_part *part = &image->parts[image->part_count];
	int r;

	if (offset >= image->size || size == 0 || image->part_count == ELF_PARTS_MAX)
		return 0;
	size = MIN(size, image->size - offset);
	if (budget__spend(image->budget, BUDGET_MEMORY_BYTES, size) < 0)
		return elf_image__check_budget(image, error);
	*part = (struct elf_part){.offset = offset, .size = (size_t)size};
	part->bytes = calloc(1, part->size);
	if (!part->bytes)
		return error_out_of_memory(error);
	image->part_count++;
	r = fill(image, fd, part);
	if (r == -EDQUOT)
		return elf_image__check_budget(image, error);
	return r < 0 ? error_set(error, r, "cannot read %s: %m", image->path) : 0;
}

int elf_parts__copy_headers(struct elf_image *image, int fd, struct error *error)
{
	Elf64_Ehdr header;
	int r = copy_part(image, fd, 0, sizeof(header), error);

	if (r < 0 || image->size < sizeof(header))
		return r;
	memcpy(&header, image->parts[0].bytes, sizeof(header));
	r = copy_part(image, fd, header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr), error);
	if (r < 0)
		return r;
	return copy_part(image, fd, header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr), error);
}

static int copy_section(struct elf_image *image, int fd, size_t index, struct error *error)
{
	const Elf64_Shdr *section = &image->sections[index];

	return copy_part(image, fd, section->sh_offset, section->sh_size, error);
}

static int copy_symbols(struct elf_image *image, int fd, struct error *error)
{
	for (size_t i = 0; i < image->section_count; i++) {
		const Elf64_Shdr *section = &image->sections[i];
		int r;

		if (section->sh_type != SHT_SYMTAB)
			continue;
		r = copy_section(image, fd, i, error);
		if (r < 0 || section->sh_link >= image->section_count)
			return r;
		return copy_section(image, fd, section->sh_link, error);
	}
	return 0;
}

int elf_parts__copy_names(struct elf_image *image, int fd, struct error *error)
{
	size_t notes = 0;
	int r = copy_symbols(image, fd, error);

	for (size_t i = 0; i < image->section_count && notes < ELF_NOTE_COUNT_MAX && r == 0; i++) {
		const Elf64_Shdr *section = &image->sections[i];

		if (section->sh_type != SHT_NOTE || section->sh_size > ELF_NOTE_BYTES_MAX)
			continue;
		notes++;
		r = copy_section(image, fd, i, error);
	}
	return r;
}
