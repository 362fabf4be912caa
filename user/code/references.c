// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/references.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/compare.h"
#include "code/arm64_instruction.h"

struct search {
	struct budget *budget;
	const uint64_t *entries;
	size_t count;
	bool *used;
};

static void search__mark(struct search *search, uint64_t address)
{
	const uint64_t *found;

	if (address < search->entries[0] || address > search->entries[search->count - 1])
		return;
	found = bsearch(&address, search->entries, search->count, sizeof(address), compare_u64);
	if (found)
		search->used[found - search->entries] = true;
}

/* Returns the size of the instruction's part before its displacement of 32 bits; 0 if the bytes are none of
 * call, jmp, jcc and lea with an address relative to the next instruction. */
static size_t opcode_size(const uint8_t *bytes)
{
	if (bytes[0] == 0xe8 || bytes[0] == 0xe9)
		return 1;
	if (bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80)
		return 2;
	return bytes[0] == 0x8d && (bytes[1] & 0xc7) == 0x05 ? 2 : 0;
}

static void search__x86_64(void *context, const uint8_t *bytes, size_t size, uint64_t address)
{
	struct search *search = context;
	int32_t displacement;

	if (budget__spend(search->budget, BUDGET_CODE_BYTES, size) < 0)
		return;

	for (size_t i = 0; i + 1 + sizeof(displacement) <= size; i++) {
		size_t opcode = opcode_size(bytes + i);

		if (opcode == 0 || i + opcode + sizeof(displacement) > size)
			continue;
		memcpy(&displacement, bytes + i + opcode, sizeof(displacement));
		search__mark(search, address + i + opcode + sizeof(displacement) +
					     (uint64_t)(int64_t)displacement);
	}
}

static void search__arm64(void *context, const uint8_t *bytes, size_t size, uint64_t address)
{
	struct search *search = context;
	struct arm64_pages pages = {0};
	uint64_t target;

	if (budget__spend(search->budget, BUDGET_CODE_BYTES, size) < 0)
		return;

	for (size_t i = 0; i + ARM64_INSTRUCTION_BYTES <= size; i += ARM64_INSTRUCTION_BYTES) {
		uint32_t instruction = arm64_read(bytes + i);

		if (arm64_direct_target(instruction, address + i, &target) ||
		    arm64_pages__step(&pages, instruction, address + i, &target))
			search__mark(search, target);
	}
}

void code_find_references(const struct elf_image *image, const struct elf_pointers *pointers,
			  const uint64_t *entries, size_t count, bool *ret_used)
{
	struct search search = {
		.budget = elf_image__budget(image),
		.entries = entries,
		.count = count,
		.used = ret_used,
	};
	bool is_arm64 = elf_image__machine(image) == EM_AARCH64;
	bool is_known = elf_image__is_pie(image);

	for (size_t i = 0; i < count; i++)
		ret_used[i] = !is_known;
	if (!is_known || count == 0)
		return;
	for (size_t i = 0; i < pointers->count; i++)
		search__mark(&search, pointers->items[i].value);
	elf_image__for_each_code(image, is_arm64 ? search__arm64 : search__x86_64, &search);
}
