/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_INTERNAL_H
#define SCOTTYSCOPE_ELF_INTERNAL_H

/* What the files of this folder share; nobody else includes it. */

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"
#include "elf/symbols.h"

#define BUILD_ID_BYTES_MAX ((size_t)64)

struct elf_image {
	const uint8_t *bytes; /* the whole file, mapped */
	size_t size;
	char *path;
	Elf64_Ehdr header;
	Elf64_Phdr *segments; /* every program header */
	size_t segment_count;
	Elf64_Shdr *sections;
	size_t section_count;
	char build_id[2 * BUILD_ID_BYTES_MAX + 1];
};

struct elf_section {
	const uint8_t *bytes;
	size_t size;
	uint32_t link;
	uint64_t entry_size;
};

/* A separate debug file: as elf_image__open(), but its segments need not be in the file, since
 * eu-strip leaves the program headers of the executable as they were. */
int elf_image__open_debug(int fd, const char *path, struct elf_image **ret_image,
			  struct error *error);

/* The first section of `type` and, unless that is NULL, of `name`. -ENOENT when there is none,
 * -EBADMSG when it does not lie within the file. */
int elf_image__section(const struct elf_image *image, uint32_t type, const char *name,
		       struct elf_section *ret_section);
int elf_image__section_at(const struct elf_image *image, size_t index,
			  struct elf_section *ret_section);

/* Fills in image->build_id, empty where there is none. */
void elf_image__read_build_id(struct elf_image *image);

/* The file's bytes [offset, offset + size), NULL when they are not all there. */
static inline const uint8_t *elf_image__file_bytes(const struct elf_image *image, uint64_t offset,
						   uint64_t size)
{
	if (offset > image->size || size > image->size - offset)
		return NULL;
	return image->bytes + offset;
}

/* The file that the names are from: the executable or another. */
const struct elf_image *elf_symbols__tables(const struct elf_symbols *symbols);

/* Opens the ELF file that `image` carries, xz-compressed, in its section .gnu_debugdata. -ENOENT
 * when it has none. */
int elf_debugdata__open(const struct elf_image *image, struct elf_image **ret_image,
			struct error *error);

/* Opens the separate debug file of `image`, under `root` (NULL: none) or the machine's own root.
 * -ENOENT when there is none that fits. */
int elf_debug_file__open(const struct elf_image *image, const char *root,
			 struct elf_image **ret_image);

#endif
