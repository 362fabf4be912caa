// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/jump_table.h"

#include <stdbool.h>
#include <string.h>

static bool is_in(struct code_range range, uint64_t address)
{
	return address >= range.first && address <= range.last;
}

bool jump_table_leads_to(const struct elf_image *image, uint64_t table, struct code_range within,
			 struct code_range path)
{
	size_t size;
	const uint8_t *bytes = elf_image__contents(image, table, &size);
	int32_t offset;

	for (size_t at = 0; bytes && at + sizeof(offset) <= size; at += sizeof(offset)) {
		uint64_t target;

		if (budget__spend(elf_image__budget(image), BUDGET_INSTRUCTIONS, 1) < 0)
			return true;
		memcpy(&offset, bytes + at, sizeof(offset));
		target = table + (uint64_t)(int64_t)offset;
		if (!is_in(within, target))
			return false;
		if (is_in(path, target))
			return true;
	}
	return false;
}
