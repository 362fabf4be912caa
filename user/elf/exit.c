// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/exit.h"

#include <errno.h>
#include <stdbool.h>

#include "base/array.h"
#include "elf/arm64.h"
#include "elf/instruction.h"
#include "elf/internal.h"

/* A function's code, gone through from its entry to its end. */
struct walk {
	ZydisDecoder decoder;
	const uint8_t *bytes;
	uint64_t entry;
	uint64_t size;
	bool is_arm64;
};

static int walk__init(struct walk *walk, const struct elf_image *image, uint64_t entry,
		      uint64_t size, struct error *error)
{
	size_t available;

	*walk = (struct walk){.bytes = elf_image__contents(image, entry, &available)};
	if (!walk->bytes || size > available)
		return error_set(error, -EBADMSG,
				 "%s is damaged: the function at 0x%llx is not within its code",
				 elf_image__path(image), (unsigned long long)entry);
	walk->entry = entry;
	walk->size = size;
	walk->is_arm64 = elf_image__machine(image) == EM_AARCH64;
	instruction_decoder_init(&walk->decoder);
	return 0;
}

static struct arm64_code walk__of_arm64(const struct walk *walk)
{
	return (struct arm64_code){
		.bytes = walk->bytes,
		.size = (size_t)walk->size,
		.entry = walk->entry,
		.is_whole = true,
	};
}

/* Decodes the instruction at `at` bytes from the entry. False at the end, and where there is none. */
static bool walk__at(const struct walk *walk, uint64_t at, struct instruction *instruction)
{
	return at < walk->size && instruction__decode(instruction, &walk->decoder, walk->bytes + at,
						      walk->size - at, walk->entry + at);
}

static bool is_return(const struct instruction *instruction)
{
	return instruction->decoded.meta.category == ZYDIS_CATEGORY_RET;
}

/* Whether the instruction may leave the function without passing one of its returns' sites: by a
 * jump out of it, or to a return itself. */
static bool walk__evades(const struct walk *walk, const struct instruction *instruction)
{
	struct instruction reached;
	uint64_t target;

	if (instruction->decoded.meta.category != ZYDIS_CATEGORY_UNCOND_BR &&
	    instruction->decoded.meta.category != ZYDIS_CATEGORY_COND_BR)
		return false;
	if (!instruction__direct_target(instruction, &target))
		return !instruction__may_use_jump_table(instruction);
	if (target < walk->entry || target - walk->entry >= walk->size)
		return true;
	return walk__at(walk, target - walk->entry, &reached) && is_return(&reached);
}

static int find_exits(const struct walk *walk, struct code_site ret_sites[CODE_EXIT_LIMIT])
{
	struct instruction instruction, last = {.decoded.mnemonic = ZYDIS_MNEMONIC_INVALID};
	int count = 0;

	for (uint64_t at = 0; at < walk->size; at += instruction.decoded.length) {
		if (!walk__at(walk, at, &instruction) || walk__evades(walk, &instruction))
			return 0;
		if (is_return(&instruction)) {
			if (last.decoded.mnemonic != ZYDIS_MNEMONIC_POP || count == CODE_EXIT_LIMIT)
				return 0;
			struct code_site *site = &ret_sites[count++];

			*site = (struct code_site){
				.address = last.address,
				.entry = walk->entry,
				.cost = instruction__cost(&last),
				.entry_cost = instruction__cost(&last),
			};
			instruction__format(&last, site->instruction, sizeof(site->instruction));
		}
		last = instruction;
	}
	return count;
}

int code_find_exits(const struct elf_image *image, uint64_t entry, uint64_t size,
		    struct code_site ret_sites[CODE_EXIT_LIMIT], struct error *error)
{
	struct walk walk;
	struct arm64_code code;
	int r = walk__init(&walk, image, entry, size, error);

	if (r < 0)
		return r;
	code = walk__of_arm64(&walk);
	return walk.is_arm64 ? arm64_find_exits(&code, ret_sites) : find_exits(&walk, ret_sites);
}

int code_find_result(const struct elf_image *image, uint64_t entry, uint64_t size,
		     uint32_t *ret_register, struct error *error)
{
	struct code_site sites[CODE_EXIT_LIMIT];
	struct walk walk;
	struct arm64_code code;
	int r = walk__init(&walk, image, entry, size, error);

	*ret_register = 0;
	if (r < 0)
		return r;
	code = walk__of_arm64(&walk);
	return walk.is_arm64 ? arm64_find_result(&code, ret_register)
			     : find_exits(&walk, sites) > 0;
}

/* Which registers hold the first argument, the address of the result, as bits by their numbers. */
struct copies {
	uint32_t registers;
};

static uint32_t register_bit(ZydisRegister name)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name);

	return whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15
		       ? 1U << (whole - ZYDIS_REGISTER_RAX)
		       : 0;
}

/* Registers that a call need not preserve (System V ABI, 3.2.1). */
static uint32_t call_clobbered(void)
{
	static const ZydisRegister names[] = {
		ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_RDX,
		ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_R8,
		ZYDIS_REGISTER_R9,  ZYDIS_REGISTER_R10, ZYDIS_REGISTER_R11,
	};
	uint32_t bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		bits |= register_bit(names[i]);
	return bits;
}

static void copies__step(struct copies *copies, const struct instruction *instruction)
{
	const ZydisDecodedInstruction *decoded = &instruction->decoded;
	const ZydisDecodedOperand *operands = instruction->operands;
	bool is_copy = decoded->mnemonic == ZYDIS_MNEMONIC_MOV && decoded->operand_width == 64 &&
		       operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		       operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		       copies->registers & register_bit(operands[1].reg.value);

	if (decoded->meta.category == ZYDIS_CATEGORY_CALL)
		copies->registers &= ~call_clobbered();
	for (size_t i = 0; i < decoded->operand_count; i++) {
		if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			copies->registers &= ~register_bit(operands[i].reg.value);
	}
	if (is_copy)
		copies->registers |= register_bit(operands[0].reg.value);
}

/* Whether it stores a byte at a fixed offset from the first argument. */
static bool copies__stores(const struct copies *copies, const struct instruction *instruction,
			   int64_t *ret_offset)
{
	const ZydisDecodedOperand *target = &instruction->operands[0];

	if (instruction->decoded.mnemonic != ZYDIS_MNEMONIC_MOV ||
	    target->type != ZYDIS_OPERAND_TYPE_MEMORY || target->size != 8 ||
	    target->mem.index != ZYDIS_REGISTER_NONE ||
	    !(copies->registers & register_bit(target->mem.base)))
		return false;
	*ret_offset = target->mem.disp.value;
	return true;
}

static uint32_t find_byte_store(const struct walk *walk)
{
	struct copies copies = {.registers = register_bit(ZYDIS_REGISTER_RDI)};
	struct instruction instruction;
	int64_t offset, found = 0;

	for (uint64_t at = 0; walk__at(walk, at, &instruction); at += instruction.decoded.length) {
		if (copies__stores(&copies, &instruction, &offset)) {
			if (offset <= 0 || offset > UINT16_MAX || (found && offset != found))
				return 0;
			found = offset;
		}
		copies__step(&copies, &instruction);
	}
	return (uint32_t)found;
}

int code_find_byte_store(const struct elf_image *image, uint64_t entry, uint64_t size,
			 uint32_t *ret_offset, struct error *error)
{
	struct walk walk;
	struct arm64_code code;
	int r = walk__init(&walk, image, entry, size, error);

	*ret_offset = 0;
	if (r < 0)
		return r;
	code = walk__of_arm64(&walk);
	*ret_offset = walk.is_arm64 ? arm64_find_byte_store(&code) : find_byte_store(&walk);
	return 0;
}
