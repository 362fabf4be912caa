// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/text.h"

#include <elf.h>

#include "elf/instruction.h"

/* How many instructions from an address on its text's length is looked for. */
#define LENGTH_DISTANCE 6

#define LENGTH_MAX 4096

/* Whether the instruction takes the address of something that it knows itself: "lea reg, [rip + n]". */
static _Bool takes_address(const struct instruction *instruction, uint64_t *ret_address)
{
	const ZydisDecodedOperand *from = &instruction->operands[1];

	if (instruction->decoded.mnemonic != ZYDIS_MNEMONIC_LEA ||
	    from->mem.base != ZYDIS_REGISTER_RIP)
		return 0;
	*ret_address =
		instruction->address + instruction->decoded.length + (uint64_t)from->mem.disp.value;
	return 1;
}

/* The number that the instruction puts somewhere, 0 for none. */
static uint64_t puts_number(const struct instruction *instruction)
{
	const ZydisDecodedOperand *from = &instruction->operands[1];

	if (instruction->decoded.mnemonic != ZYDIS_MNEMONIC_MOV ||
	    from->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return 0;
	return from->imm.value.u;
}

int code_for_each_text(const struct elf_image *image, uint64_t entry, uint64_t size,
		       code_text_callback callback, void *context)
{
	const uint8_t *bytes = elf_image__bytes(image, entry, (size_t)size);
	struct instruction instruction;
	uint64_t address = 0;
	ZydisDecoder decoder;
	int distance = 0;

	if (elf_image__machine(image) != EM_X86_64 || !bytes)
		return 0;
	instruction_decoder_init(&decoder);
	for (uint64_t at = 0; at < size; at += instruction.decoded.length) {
		uint64_t length;
		const uint8_t *text;
		int r;

		if (!instruction__decode(&instruction, &decoder, bytes + at, (size_t)(size - at),
					 entry + at))
			return 0;
		if (takes_address(&instruction, &address)) {
			distance = LENGTH_DISTANCE;
			continue;
		}
		length = distance > 0 ? puts_number(&instruction) : 0;
		distance--;
		if (length == 0 || length > LENGTH_MAX)
			continue;
		text = elf_image__bytes(image, address, (size_t)length);
		r = text ? callback(context, (const char *)text, (size_t)length) : 0;
		if (r != 0)
			return r;
	}
	return 0;
}
