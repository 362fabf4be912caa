/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_INSTRUCTION_H
#define SCOTTYSCOPE_ELF_INSTRUCTION_H

/* One x86-64 instruction: what the kernel does with a uprobe on it, and what it does itself. */

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/code.h"

struct instruction {
	ZydisDecodedInstruction decoded;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	uint64_t address;
};

/* Zydis's decoder for 64-bit code. */
void instruction_decoder_init(ZydisDecoder *decoder);

/* Decodes the instruction at `bytes`, which is loaded to `address`. False when it is none. */
bool instruction__decode(struct instruction *instruction, const ZydisDecoder *decoder,
			 const uint8_t *bytes, size_t size, uint64_t address);

/* The same without operands, which is all that following branches takes. */
bool instruction__decode_brief(struct instruction *instruction, const ZydisDecoder *decoder,
			       const uint8_t *bytes, size_t size, uint64_t address);

enum code_cost instruction__cost(const struct instruction *instruction);

/* Whether it is one that the kernel emulates without writing to the stack, which takes it a tenth less
 * than a push or a call. */
bool instruction__is_cheapest(const struct instruction *instruction);

/* Whether execution may go on elsewhere than at the next instruction. */
bool instruction__ends_straight_path(const struct instruction *instruction);

/* Whether it writes anything of the set `registers` (enum code_register), also in part or under a
 * condition. */
bool instruction__writes(const struct instruction *instruction, unsigned int registers);

/* Whether it is a jump, conditional jump or call to an address that it holds itself. */
bool instruction__direct_target(const struct instruction *instruction, uint64_t *ret_target);

/* Whether it is a jump or call to where a word of data at a fixed place says, such as one of the
 * global offset table. */
bool instruction__slot(const struct instruction *instruction, uint64_t *ret_slot);

/* Whether it is a jump to where a register says, or a word that a register chooses, as the compilers'
 * jump tables have it. Calls through a vtable that end a function ("jmp [rax+24]") are none. */
bool instruction__may_use_jump_table(const struct instruction *instruction);

/* Whether it puts an address that it holds itself into a register: "lea rax, [rip + n]". */
bool instruction__loaded_address(const struct instruction *instruction, uint64_t *ret_address);

/* Whether nothing can get from it to the next instruction: a jump, a return, a trap. */
bool instruction__never_falls_through(const struct instruction *instruction);

void instruction__format(const struct instruction *instruction, char *text, size_t size);

#endif
