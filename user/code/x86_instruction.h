/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_X86_INSTRUCTION_H
#define SCOTTYSCOPE_CODE_X86_INSTRUCTION_H

/* One x86-64 instruction: its effect, and what the kernel does with a uprobe on it. */

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "code/code.h"

struct x86_instruction {
	ZydisDecodedInstruction decoded;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	uint64_t address;
};

/* Initialises Zydis's decoder for 64-bit code. */
void x86_decoder_init(ZydisDecoder *decoder);

/* Decodes the instruction at `bytes`, which is loaded at `address`. False if the bytes are no instruction. */
bool x86_instruction__decode(struct x86_instruction *instruction, const ZydisDecoder *decoder,
			     const uint8_t *bytes, size_t size, uint64_t address);

/* As x86_instruction__decode(), without operands: enough to follow branches. */
bool x86_instruction__decode_brief(struct x86_instruction *instruction, const ZydisDecoder *decoder,
				   const uint8_t *bytes, size_t size, uint64_t address);

/* Returns the cost of a uprobe on the instruction, after arch_uprobe_analyze_insn() of
 * arch/x86/kernel/uprobes.c. */
enum code_cost x86_instruction__cost(const struct x86_instruction *instruction);

/* Whether the kernel emulates the instruction without a write to the stack: a tenth cheaper than a push or
 * a call. */
bool x86_instruction__is_cheapest(const struct x86_instruction *instruction);

/* Whether execution may go on at another place than the next instruction. */
bool x86_instruction__ends_straight_path(const struct x86_instruction *instruction);

/* Whether the instruction changes any of the set `registers` (enum code_register), also in part or under a
 * condition. */
bool x86_instruction__writes(const struct x86_instruction *instruction, unsigned int registers);

/* Whether the instruction is a jump, conditional jump or call with its target in the instruction. */
bool x86_instruction__direct_target(const struct x86_instruction *instruction,
				    uint64_t *ret_target);

/* Whether the instruction is a jump or call through a pointer at a fixed address, such as an entry of the
 * global offset table. */
bool x86_instruction__slot(const struct x86_instruction *instruction, uint64_t *ret_slot);

/* Whether the instruction is a jump to a register's value, or through a pointer that a register selects, as
 * compilers make for jump tables. A tail call through a vtable ("jmp [rax+24]") does not count. */
bool x86_instruction__may_use_jump_table(const struct x86_instruction *instruction);

/* Whether the instruction loads an address that it holds: "lea rax, [rip + n]". */
bool x86_instruction__loaded_address(const struct x86_instruction *instruction,
				     uint64_t *ret_address);

/* Whether execution never goes on with the next instruction: a jump, a return, a trap. */
bool x86_instruction__never_falls_through(const struct x86_instruction *instruction);

/* Writes the instruction in Intel syntax. */
void x86_instruction__format(const struct x86_instruction *instruction, char *text, size_t size);

#endif
