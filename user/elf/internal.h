/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_INTERNAL_H
#define SCOTTYSCOPE_ELF_INTERNAL_H

/* Shared by the files of this folder only. */

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"
#include "elf/symbols.h"

#define BUILD_ID_BYTES_MAX ((size_t)64)

struct elf_image {
	const uint8_t
		*bytes; /* contents of the whole file, mapped; of a debug file: a copy of parts */
	size_t size;
	uint64_t copied; /* bytes of that copy */
	char *path;
	Elf64_Ehdr header;
	Elf64_Phdr *segments; /* all program headers */
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

/* Opens a separate debug file like elf_image__open(), but does not require the segments' contents
 * in the file: eu-strip keeps the executable's program headers unchanged. Nothing prevents that the file is
 * overwritten or truncated later, so the image has a copy of headers, symbols, names and notes; all other
 * contents are zero. */
int elf_image__open_debug(int fd, const char *path, struct elf_image **ret_image,
			  struct error *error);

/* Finds the first section of `type` and, unless `name` is NULL, of `name`. -ENOENT if absent,
 * -EBADMSG if the section exceeds the file. */
int elf_image__section(const struct elf_image *image, uint32_t type, const char *name,
		       struct elf_section *ret_section);
int elf_image__section_at(const struct elf_image *image, size_t index,
			  struct elf_section *ret_section);

/* Sets image->build_id; an empty text without a build id. */
void elf_image__read_build_id(struct elf_image *image);

/* Returns the file's bytes [offset, offset + size); NULL if the range exceeds the file. */
static inline const uint8_t *elf_image__file_bytes(const struct elf_image *image, uint64_t offset,
						   uint64_t size)
{
	if (offset > image->size || size > image->size - offset)
		return NULL;
	return image->bytes + offset;
}

/* Returns the file with the names: the executable or a debug file. */
const struct elf_image *elf_symbols__tables(const struct elf_symbols *symbols);

/* What a variable is recognised by: its type (STT_OBJECT, STT_TLS), two parts of its mangled name, and the
 * bounds of its size in bytes. */
struct elf_variable_query {
	unsigned char type;
	const char *part;
	const char *other_part;
	uint64_t size_min;
	uint64_t size_max;
};

/* Value and size of a variable's symbol. */
struct elf_variable_entry {
	uint64_t value;
	uint64_t size;
};

/* Sets `*ret_entry` to the symbol of the only variable that the query matches. -ENOENT for none or
 * several. */
int elf_variable__find_entry(const struct elf_symbols *symbols,
			     const struct elf_variable_query *query,
			     struct elf_variable_entry *ret_entry);

/* Opens the xz-compressed ELF file in the section .gnu_debugdata of `image`. -ENOENT without the
 * section. */
int elf_debugdata__open(const struct elf_image *image, struct elf_image **ret_image,
			struct error *error);

/* Opens the separate debug file of `image`. `places` may be NULL. -ENOENT without a matching file. */
int elf_debug_file__open(const struct elf_image *image, const struct elf_debug_places *places,
			 struct elf_image **ret_image);

#endif
