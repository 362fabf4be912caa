/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_INTERNAL_H
#define SCOTTYSCOPE_ELF_INTERNAL_H

/* Shared by the files of this folder only. */

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "elf/debug_names.h"
#include "elf/image.h"
#include "elf/symbols.h"

/* A build id is in one of the first notes, which linkers write small. The limits bound the time for any file. */
#define ELF_NOTE_BYTES_MAX ((uint64_t)64 * 1024)
#define ELF_NOTE_COUNT_MAX 16

/* A copied part of a file. */
struct elf_part {
	uint8_t *bytes;
	uint64_t offset;
	size_t size;
};

/* Headers, symbols, names and notes of a debug file. */
#define ELF_PARTS_MAX 24

struct elf_image {
	const uint8_t *bytes; /* contents of the whole file, mapped; NULL: `parts` */
	size_t size;	      /* of the file */
	struct elf_part parts[ELF_PARTS_MAX];
	size_t part_count;
	struct budget own_budget;
	struct budget *budget; /* the own one; of a debug file, the executable's */
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

/* Opens a separate debug file of `executable`, whose budget it spends and which must outlive it, like
 * elf_image__open(). Does not require the segments' contents in the file: eu-strip keeps the executable's
 * program headers unchanged. Nothing prevents that the file is overwritten or truncated later, so the
 * image has a copy of headers, symbols, their names and notes, and nothing else. */
int elf_image__open_debug(const struct elf_image *executable, int fd, const char *path,
			  struct elf_image **ret_image, struct error *error);

/* Copies the headers of a debug file: those of the file, of segments and of sections. */
int elf_parts__copy_headers(struct elf_image *image, int fd, struct error *error);

/* Copies the symbols of a debug file, their names, and notes. The image has its section headers. */
int elf_parts__copy_names(struct elf_image *image, int fd, struct error *error);

/* Finds the first section of `type` and, unless `name` is NULL, of `name`. -ENOENT if absent,
 * -EBADMSG if the section exceeds the file. */
int elf_image__section(const struct elf_image *image, uint32_t type, const char *name,
		       struct elf_section *ret_section);
int elf_image__section_at(const struct elf_image *image, size_t index,
			  struct elf_section *ret_section);

/* Sets image->build_id; an empty text without a build id. */
void elf_image__read_build_id(struct elf_image *image);

/* Returns the file's bytes [offset, offset + size); NULL if the range exceeds the file, or the parts that were
 * copied. */
const uint8_t *elf_image__file_bytes(const struct elf_image *image, uint64_t offset, uint64_t size);

/* The paths of symbols, for lookups: a hash of the normal form of each name that is a Rust path. Zeroed:
 * empty. */
struct elf_path {
	uint64_t hash;
	size_t symbol; /* its index */
};

struct elf_paths {
	struct elf_path *items; /* by hash, then by index */
	size_t count;
};

/* Demangles each of `symbols` once. -ENOMEM; -EDQUOT. The caller frees the paths. */
int elf_paths__build(struct elf_paths *paths, const struct elf_symbol *symbols, size_t count,
		     struct budget *budget);
void elf_paths__done(struct elf_paths *paths);

const struct elf_paths *elf_symbols__paths(const struct elf_symbols *symbols);
const struct elf_image *elf_symbols__image(const struct elf_symbols *symbols);

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

/* Opens the first of the finder's files that belongs to `image`. -ENOENT without one. */
int elf_debug_file__open(const struct elf_image *image, const struct elf_debug_finder *finder,
			 struct elf_image **ret_image);

#endif
