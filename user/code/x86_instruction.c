// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/x86_instruction.h"

#include <stdbool.h>
#include <stdio.h>

void x86_decoder_init(ZydisDecoder *decoder)
{
	ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

bool x86_instruction__decode(struct x86_instruction *instruction, const ZydisDecoder *decoder,
			     const uint8_t *bytes, size_t size, uint64_t address)
{
	instruction->address = address;
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, bytes, size, &instruction->decoded,
						   instruction->operands));
}

bool x86_instruction__decode_brief(struct x86_instruction *instruction, const ZydisDecoder *decoder,
				   const uint8_t *bytes, size_t size, uint64_t address)
{
	instruction->address = address;
	return ZYAN_SUCCESS(
		ZydisDecoderDecodeInstruction(decoder, NULL, bytes, size, &instruction->decoded));
}

static bool has_prefix(const ZydisDecodedInstruction *decoded, uint8_t prefix)
{
	for (size_t i = 0; i < decoded->raw.prefix_count; i++) {
		if (decoded->raw.prefixes[i].value == prefix)
			return true;
	}
	return false;
}

/* Whether arch_uprobe_analyze_insn() of arch/x86/kernel/uprobes.c refuses the instruction or mistakes it for
 * another one, or a probe on it is not safe. */
static bool is_forbidden(const ZydisDecodedInstruction *decoded)
{
	/* is_prefix_bad(): segment overrides except FS and GS, and LOCK */
	static const uint8_t refused[] = {0x26, 0x2e, 0x36, 0x3e, 0xf0};

	for (size_t i = 0; i < sizeof(refused); i++) {
		if (has_prefix(decoded, refused[i]))
			return true;
	}

	/* The kernel reads the opcode byte and ignores the opcode map of a VEX or EVEX prefix: it would
	 * emulate vzeroupper (77) as a conditional jump and vpor (eb) as a jump. */
	if (decoded->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY)
		return true;

	switch (decoded->meta.category) {
	case ZYDIS_CATEGORY_RET: /* never probed: the kernel would single-step every return */
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_IO:
	case ZYDIS_CATEGORY_IOSTRINGOP:
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET:
	case ZYDIS_CATEGORY_SYSTEM:
		return true;
	default:
		break;
	}

	/* insn_masking_exception(): a load of SS delays the trap of the single step. */
	if (decoded->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && decoded->opcode == 0x8e)
		return true;
	/* "xchg %rax,%r8" is a nop with a REX prefix. Before Linux 6.18, which added insn_is_nop(), the
	 * kernel emulated this xchg as a nop. */
	if (decoded->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && decoded->opcode == 0x90 &&
	    decoded->mnemonic != ZYDIS_MNEMONIC_NOP && decoded->mnemonic != ZYDIS_MNEMONIC_PAUSE)
		return true;
	return decoded->mnemonic == ZYDIS_MNEMONIC_UD0 || decoded->mnemonic == ZYDIS_MNEMONIC_UD1 ||
	       decoded->mnemonic == ZYDIS_MNEMONIC_UD2;
}

/* branch_setup_xol_ops(): relative calls and jumps, and the one-byte nop. The kernel emulates longer nops
 * (0f 1f) only since 6.18, so they do not count as emulated. */
static bool is_emulated_branch(const ZydisDecodedInstruction *decoded)
{
	uint8_t opcode = decoded->opcode;

	if (decoded->opcode_map == ZYDIS_OPCODE_MAP_0F)
		return opcode >= 0x80 && opcode <= 0x8f;
	if (decoded->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT)
		return false;
	return (opcode >= 0x70 && opcode <= 0x7f) || opcode == 0xe8 || opcode == 0xe9 ||
	       opcode == 0xeb || decoded->mnemonic == ZYDIS_MNEMONIC_NOP;
}

/* push_setup_xol_ops(): 50 to 57, without a prefix or with REX.B only */
static bool is_emulated_push(const ZydisDecodedInstruction *decoded)
{
	if (decoded->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT || decoded->opcode < 0x50 ||
	    decoded->opcode > 0x57)
		return false;
	return decoded->length == 1 || (decoded->length == 2 && has_prefix(decoded, 0x41));
}

enum code_cost x86_instruction__cost(const struct x86_instruction *instruction)
{
	const ZydisDecodedInstruction *decoded = &instruction->decoded;

	if (is_forbidden(decoded))
		return CODE_COST_FORBIDDEN;
	if (is_emulated_branch(decoded)) {
		/* "No one uses these insns, reject any branch insns with such prefix." */
		return has_prefix(decoded, 0x66) ? CODE_COST_FORBIDDEN : CODE_COST_EMULATED;
	}
	return is_emulated_push(decoded) ? CODE_COST_EMULATED : CODE_COST_SINGLE_STEP;
}

bool x86_instruction__is_cheapest(const struct x86_instruction *instruction)
{
	return x86_instruction__cost(instruction) == CODE_COST_EMULATED &&
	       !is_emulated_push(&instruction->decoded) &&
	       instruction->decoded.meta.category != ZYDIS_CATEGORY_CALL;
}

bool x86_instruction__ends_straight_path(const struct x86_instruction *instruction)
{
	switch (instruction->decoded.meta.category) {
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET:
	case ZYDIS_CATEGORY_SYSTEM:
		return true;
	default:
		return x86_instruction__never_falls_through(instruction) ||
		       instruction->decoded.mnemonic == ZYDIS_MNEMONIC_XBEGIN;
	}
}

bool x86_instruction__never_falls_through(const struct x86_instruction *instruction)
{
	switch (instruction->decoded.mnemonic) {
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_HLT:
		return true;
	default:
		return instruction->decoded.meta.category == ZYDIS_CATEGORY_RET ||
		       instruction->decoded.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
	}
}

static unsigned int kept_register(ZydisRegister name)
{
	switch (ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name)) {
	case ZYDIS_REGISTER_RDI:
		return CODE_REGISTER_RDI;
	case ZYDIS_REGISTER_RSI:
		return CODE_REGISTER_RSI;
	case ZYDIS_REGISTER_RDX:
		return CODE_REGISTER_RDX;
	case ZYDIS_REGISTER_RCX:
		return CODE_REGISTER_RCX;
	case ZYDIS_REGISTER_R8:
		return CODE_REGISTER_R8;
	case ZYDIS_REGISTER_R9:
		return CODE_REGISTER_R9;
	case ZYDIS_REGISTER_RSP:
		return CODE_STACK_POINTER;
	default:
		return 0;
	}
}

bool x86_instruction__writes(const struct x86_instruction *instruction, unsigned int registers)
{
	/* All operands, also the implicit ones: mul writes rdx, a string instruction rdi and rsi. */
	for (size_t i = 0; i < instruction->decoded.operand_count; i++) {
		const ZydisDecodedOperand *operand = &instruction->operands[i];

		if (!(operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    (kept_register(operand->reg.value) & registers))
			return true;
		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY && (registers & CODE_MEMORY) &&
		    operand->mem.base != ZYDIS_REGISTER_RSP)
			return true;
	}
	return false;
}

bool x86_instruction__may_use_jump_table(const struct x86_instruction *instruction)
{
	const ZydisDecodedInstruction *decoded = &instruction->decoded;

	if (decoded->meta.category != ZYDIS_CATEGORY_UNCOND_BR || decoded->opcode != 0xff)
		return false;
	/* "jmp rax", or "jmp [table + 8 * rax]": a SIB byte with an index (4 means none) */
	return decoded->raw.modrm.mod == 3 ||
	       (decoded->raw.modrm.rm == 4 && decoded->raw.sib.index != 4);
}

bool x86_instruction__direct_target(const struct x86_instruction *instruction, uint64_t *ret_target)
{
	const ZydisDecodedInstruction *decoded = &instruction->decoded;

	for (size_t i = 0; i < 2; i++) {
		if (decoded->raw.imm[i].size == 0 || !decoded->raw.imm[i].is_relative)
			continue;
		*ret_target = instruction->address + decoded->length +
			      (uint64_t)decoded->raw.imm[i].value.s;
		return true;
	}
	return false;
}

/* Whether an operand's address has only the instruction pointer as base register: "[rip + n]". */
static bool has_fixed_address(const struct x86_instruction *instruction, uint64_t *ret_address)
{
	const ZydisDecodedInstruction *decoded = &instruction->decoded;

	if (!(decoded->attributes & ZYDIS_ATTRIB_HAS_MODRM) || decoded->raw.modrm.mod != 0 ||
	    decoded->raw.modrm.rm != 5)
		return false;
	*ret_address = instruction->address + decoded->length + (uint64_t)decoded->raw.disp.value;
	return true;
}

bool x86_instruction__slot(const struct x86_instruction *instruction, uint64_t *ret_slot)
{
	bool is_branch = instruction->decoded.meta.category == ZYDIS_CATEGORY_CALL ||
			 instruction->decoded.meta.category == ZYDIS_CATEGORY_UNCOND_BR;

	return is_branch && has_fixed_address(instruction, ret_slot);
}

bool x86_instruction__loaded_address(const struct x86_instruction *instruction,
				     uint64_t *ret_address)
{
	return instruction->decoded.mnemonic == ZYDIS_MNEMONIC_LEA &&
	       has_fixed_address(instruction, ret_address);
}

void x86_instruction__format(const struct x86_instruction *instruction, char *text, size_t size)
{
	ZydisFormatter formatter;

	ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
	if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
		    &formatter, &instruction->decoded, instruction->operands,
		    instruction->decoded.operand_count_visible, text, size, instruction->address,
		    NULL)))
		snprintf(text, size, "%s", ZydisMnemonicGetString(instruction->decoded.mnemonic));
}
