// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/exit.h"

#include <elf.h>
#include <stdbool.h>

#include "base/array.h"
#include "code/arm64_exit.h"
#include "code/x86_instruction.h"

/* A function of x86-64 with its decoder. */
struct walk {
	ZydisDecoder decoder;
	struct code_function code;
};

/* Fills `function`; one of size 0 has no code. -EBADMSG if the code cannot be read. */
static int read_function(struct code_function *function, const struct elf_image *image,
			 uint64_t entry, uint64_t size, struct error *error)
{
	int r = code_function__init(function, image, entry, size);

	if (r < 0)
		return error_set(error, r,
				 "%s is damaged: the function at 0x%llx is not within its code",
				 elf_image__path(image), (unsigned long long)entry);
	function->size = (size_t)size;
	function->is_whole = true;
	return 0;
}

static bool is_arm64(const struct elf_image *image)
{
	return elf_image__machine(image) == EM_AARCH64;
}

static void walk__init(struct walk *walk, const struct code_function *code)
{
	*walk = (struct walk){.code = *code};
	x86_decoder_init(&walk->decoder);
}

/* Decodes the instruction at `at` bytes from the entry. False at the end of the function, and for bytes
 * that are no instruction. */
static bool walk__at(const struct walk *walk, uint64_t at, struct x86_instruction *instruction)
{
	return at < walk->code.size &&
	       budget__spend(walk->code.budget, BUDGET_INSTRUCTIONS, 1) == 0 &&
	       x86_instruction__decode(instruction, &walk->decoder, walk->code.bytes + at,
				       walk->code.size - at, walk->code.entry + at);
}

static bool is_return(const struct x86_instruction *instruction)
{
	return instruction->decoded.meta.category == ZYDIS_CATEGORY_RET;
}

/* Whether the instruction may end the call without passing the site before a return: a jump out of the
 * function, or a jump to a return. */
static bool walk__evades(const struct walk *walk, const struct x86_instruction *instruction)
{
	struct x86_instruction reached;
	uint64_t target;

	if (instruction->decoded.meta.category != ZYDIS_CATEGORY_UNCOND_BR &&
	    instruction->decoded.meta.category != ZYDIS_CATEGORY_COND_BR)
		return false;
	if (!x86_instruction__direct_target(instruction, &target))
		return !x86_instruction__may_use_jump_table(instruction);
	if (target < walk->code.entry || target - walk->code.entry >= walk->code.size)
		return true;
	return walk__at(walk, target - walk->code.entry, &reached) && is_return(&reached);
}

static int find_x86_exits(const struct walk *walk, struct code_site ret_sites[CODE_EXIT_LIMIT])
{
	struct x86_instruction instruction, last = {.decoded.mnemonic = ZYDIS_MNEMONIC_INVALID};
	int count = 0;

	for (uint64_t at = 0; at < walk->code.size; at += instruction.decoded.length) {
		if (!walk__at(walk, at, &instruction) || walk__evades(walk, &instruction))
			return 0;
		if (is_return(&instruction)) {
			if (last.decoded.mnemonic != ZYDIS_MNEMONIC_POP || count == CODE_EXIT_LIMIT)
				return 0;
			struct code_site *site = &ret_sites[count++];

			*site = (struct code_site){
				.address = last.address,
				.entry = walk->code.entry,
				.cost = x86_instruction__cost(&last),
				.entry_cost = x86_instruction__cost(&last),
			};
			x86_instruction__format(&last, site->instruction,
						sizeof(site->instruction));
		}
		last = instruction;
	}
	return count;
}

int code_find_exits(const struct elf_image *image, uint64_t entry, uint64_t size,
		    struct code_site ret_sites[CODE_EXIT_LIMIT], struct error *error)
{
	struct code_function code;
	struct walk walk;
	int r = read_function(&code, image, entry, size, error);

	if (r < 0)
		return r;
	if (is_arm64(image))
		return arm64_find_exits(&code, ret_sites);
	walk__init(&walk, &code);
	return find_x86_exits(&walk, ret_sites);
}

int code_find_result(const struct elf_image *image, uint64_t entry, uint64_t size,
		     uint32_t *ret_register, struct error *error)
{
	struct code_site sites[CODE_EXIT_LIMIT];
	struct code_function code;
	struct walk walk;
	int r = read_function(&code, image, entry, size, error);

	*ret_register = 0;
	if (r < 0)
		return r;
	if (is_arm64(image))
		return arm64_find_result(&code, ret_register);
	walk__init(&walk, &code);
	return find_x86_exits(&walk, sites) > 0;
}

/* The registers that hold the first argument, the address of the result: one bit for each number. */
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

/* The registers that a call may change (System V ABI, 3.2.1). */
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

static void copies__step(struct copies *copies, const struct x86_instruction *instruction)
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

/* Whether the instruction stores a byte at a fixed offset from the first argument. */
static bool copies__stores(const struct copies *copies, const struct x86_instruction *instruction,
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

static uint32_t find_x86_byte_store(const struct walk *walk)
{
	struct copies copies = {.registers = register_bit(ZYDIS_REGISTER_RDI)};
	struct x86_instruction instruction;
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
	struct code_function code;
	struct walk walk;
	int r = read_function(&code, image, entry, size, error);

	*ret_offset = 0;
	if (r < 0)
		return r;
	if (is_arm64(image)) {
		*ret_offset = arm64_find_byte_store(&code);
		return 0;
	}
	walk__init(&walk, &code);
	*ret_offset = find_x86_byte_store(&walk);
	return 0;
}
