// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/thread_local.h"

#include <errno.h>

#include "elf/internal.h"

/* The size of the two words at the thread pointer of arm64. */
#define ARM64_POINTER_BYTES 16

#define BLOCK_LIMIT (UINT64_C(1) << 31)

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
	const struct elf_variable_query query = {
		.type = STT_TLS,
		.part = variable->part,
		.other_part = "",
		.size_min = variable->size_min,
		.size_max = variable->size_max,
	};
	struct elf_variable_entry entry;

	if (!block || align & (align - 1) || align > BLOCK_LIMIT || block->p_memsz > BLOCK_LIMIT ||
	    elf_variable__find_entry(symbols, &query, &entry) < 0 || entry.value > block->p_memsz ||
	    entry.size > block->p_memsz - entry.value)
		return -ENOENT;
	variable->size = entry.size;
	if (elf_image__machine(image) == EM_AARCH64) {
		uint64_t start = ARM64_POINTER_BYTES +
				 ((block->p_vaddr - ARM64_POINTER_BYTES) & (align - 1));

		variable->offset = (int64_t)(start + entry.value);
		return 0;
	}

	uint64_t end = block->p_memsz + ((0 - block->p_vaddr - block->p_memsz) & (align - 1));

	variable->offset = (int64_t)entry.value - (int64_t)end;
	return 0;
}
