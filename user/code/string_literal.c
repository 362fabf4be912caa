// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/string_literal.h"

#include <elf.h>
#include <stdbool.h>

#include "code/arm64_instruction.h"
#include "code/x86_instruction.h"

/* The length is within this number of instructions behind the address. */
#define LENGTH_DISTANCE 6

#define LENGTH_MAX 4096

/* Whether the instruction takes the address of data: "lea reg, [rip + n]". */
static bool takes_address(const struct x86_instruction *instruction, uint64_t *ret_address)
{
	const ZydisDecodedOperand *from = &instruction->operands[1];

	if (instruction->decoded.mnemonic != ZYDIS_MNEMONIC_LEA ||
	    from->mem.base != ZYDIS_REGISTER_RIP)
		return false;
	*ret_address =
		instruction->address + instruction->decoded.length + (uint64_t)from->mem.disp.value;
	return true;
}

/* Returns the number that the instruction moves; 0 if none. */
static uint64_t puts_number(const struct x86_instruction *instruction)
{
	const ZydisDecodedOperand *from = &instruction->operands[1];

	if (instruction->decoded.mnemonic != ZYDIS_MNEMONIC_MOV ||
	    from->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return 0;
	return from->imm.value.u;
}

/* As puts_number(), on Arm: movz without a shift. */
static uint64_t arm64_puts_number(uint32_t instruction)
{
	return arm64_matches(instruction, 0x7fe00000, 0x52800000) ? arm64_field(instruction, 5, 16)
								  : 0;
}

/* The latest address, and the number of instructions in which its length can still come. */
struct search {
	const struct elf_image *image;
	code_string_callback callback;
	void *context;
	uint64_t address;
	int distance;
};

static void search__address(struct search *search, uint64_t address)
{
	search->address = address;
	search->distance = LENGTH_DISTANCE;
}

/* Handles an instruction that takes no address; `number` is the number that it moves, 0 for none. */
static int search__number(struct search *search, uint64_t number)
{
	const uint8_t *text;

	if (search->distance <= 0)
		return 0;
	search->distance--;
	if (number == 0 || number > LENGTH_MAX)
		return 0;
	text = elf_image__bytes(search->image, search->address, (size_t)number);
	return text ? search->callback(search->context, (const char *)text, (size_t)number) : 0;
}

static int search__x86_64(struct search *search, const uint8_t *bytes, uint64_t size,
			  uint64_t entry)
{
	struct x86_instruction instruction;
	uint64_t address;
	ZydisDecoder decoder;

	x86_decoder_init(&decoder);
	for (uint64_t at = 0; at < size; at += instruction.decoded.length) {
		int r = budget__spend(elf_image__budget(search->image), BUDGET_INSTRUCTIONS, 1);

		if (r < 0)
			return r;
		if (!x86_instruction__decode(&instruction, &decoder, bytes + at,
					     (size_t)(size - at), entry + at))
			return 0;
		if (takes_address(&instruction, &address))
			search__address(search, address);
		else
			r = search__number(search, puts_number(&instruction));
		if (r != 0)
			return r;
	}
	return 0;
}

static int search__arm64(struct search *search, const uint8_t *bytes, uint64_t size, uint64_t entry)
{
	struct arm64_pages pages = {0};
	uint64_t address;

	for (uint64_t at = 0; at + ARM64_INSTRUCTION_BYTES <= size; at += ARM64_INSTRUCTION_BYTES) {
		uint32_t instruction = arm64_read(bytes + at);
		int r = budget__spend(elf_image__budget(search->image), BUDGET_INSTRUCTIONS, 1);

		if (r < 0)
			return r;

		if (arm64_pages__step(&pages, instruction, entry + at, &address))
			search__address(search, address);
		else
			r = search__number(search, arm64_puts_number(instruction));
		if (r != 0)
			return r;
	}
	return 0;
}

int code_for_each_string_literal(const struct elf_image *image, uint64_t entry, uint64_t size,
				 code_string_callback callback, void *context)
{
	const uint8_t *bytes = elf_image__bytes(image, entry, (size_t)size);
	struct search search = {.image = image, .callback = callback, .context = context};

	if (!bytes)
		return 0;
	if (elf_image__machine(image) == EM_AARCH64)
		return search__arm64(&search, bytes, size, entry);
	return search__x86_64(&search, bytes, size, entry);
}
