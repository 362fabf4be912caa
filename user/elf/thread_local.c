// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/thread_local.h"

#include <errno.h>
#include <string.h>

#include "elf/internal.h"

/* The size of the two words at the thread pointer of arm64. */
#define ARM64_POINTER_BYTES 16

#define BLOCK_LIMIT (UINT64_C(1) << 31)

/* Sets the variable's size, and `*ret_value` to the variable's offset from the start of the block. */
static int find_in_block(const struct elf_image *tables, struct elf_thread_local *variable,
			 uint64_t *ret_value)
{
	struct elf_section table, names;
	size_t found = 0;
	int r = elf_image__section(tables, SHT_SYMTAB, NULL, &table);

	if (r == 0)
		r = elf_image__section_at(tables, table.link, &names);
	if (r < 0 || table.entry_size != sizeof(Elf64_Sym) || names.size == 0 ||
	    names.bytes[names.size - 1] != '\0')
		return -ENOENT;
	for (size_t i = 0; i < table.size / sizeof(Elf64_Sym); i++) {
		Elf64_Sym entry;

		memcpy(&entry, table.bytes + i * sizeof(entry), sizeof(entry));
		if (ELF64_ST_TYPE(entry.st_info) != STT_TLS || entry.st_shndx == SHN_UNDEF ||
		    entry.st_size < variable->size_min || entry.st_size > variable->size_max ||
		    entry.st_name >= names.size ||
		    !strstr((const char *)names.bytes + entry.st_name, variable->part))
			continue;
		*ret_value = entry.st_value;
		variable->size = entry.st_size;
		found++;
	}
	return found == 1 ? 0 : -ENOENT;
}

static const Elf64_Phdr *find_block(const struct elf_image *image)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const Elf64_Phdr *segment = &image->segments[i];

		if (segment->p_type == PT_TLS)
			return segment;
	}
	return NULL;
}

int elf_thread_local__find(const struct elf_image *image, const struct elf_symbols *symbols,
			   struct elf_thread_local *variable)
{
	const Elf64_Phdr *block = find_block(image);
	uint64_t align = block && block->p_align ? block->p_align : 1;
	uint64_t value;

	if (!block || align & (align - 1) || align > BLOCK_LIMIT || block->p_memsz > BLOCK_LIMIT ||
	    find_in_block(elf_symbols__tables(symbols), variable, &value) < 0 ||
	    value > block->p_memsz || variable->size > block->p_memsz - value)
		return -ENOENT;
	if (elf_image__machine(image) == EM_AARCH64) {
		uint64_t start = ARM64_POINTER_BYTES +
				 ((block->p_vaddr - ARM64_POINTER_BYTES) & (align - 1));

		variable->offset = (int64_t)(start + value);
		return 0;
	}

	uint64_t end = block->p_memsz + ((0 - block->p_vaddr - block->p_memsz) & (align - 1));

	variable->offset = (int64_t)value - (int64_t)end;
	return 0;
}
