/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_ARM64_INSTRUCTION_H
#define SCOTTYSCOPE_CODE_ARM64_INSTRUCTION_H

/* One instruction of 64-bit Arm: its target and its effect on registers. Encodings are from the Arm Architecture Reference Manual for A-profile, chapter C4. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARM64_INSTRUCTION_BYTES 4

/* A register as a bit; number 31 is the stack pointer, or as an operand no register. */
#define ARM64_REGISTER(number) (1U << (number))
#define ARM64_RESULT	       ARM64_REGISTER(8) /* the address of a result in memory */
#define ARM64_STACK_POINTER    ARM64_REGISTER(31)

/* Whether the bits in `mask` have the values in `value`. */
static inline bool arm64_matches(uint32_t instruction, uint32_t mask, uint32_t value)
{
	return (instruction & mask) == value;
}

static inline uint32_t arm64_field(uint32_t instruction, unsigned int lowest, unsigned int width)
{
	return instruction >> lowest & ((1U << width) - 1);
}

/* Returns the instruction at `bytes`. */
uint32_t arm64_read(const uint8_t *bytes);

/* Returns the name of a branch, such as "b.cond" or "blr"; NULL for returns and other instructions. */
const char *arm64_branch_name(uint32_t instruction);

bool arm64_is_call(uint32_t instruction);	   /* bl, blr */
bool arm64_is_register_jump(uint32_t instruction); /* br */
bool arm64_is_return(uint32_t instruction);
bool arm64_is_address(uint32_t instruction); /* adr, adrp */

/* Whether the instruction is a branch with its target in the instruction. */
bool arm64_direct_target(uint32_t instruction, uint64_t address, uint64_t *ret_target);

/* Whether execution never goes on with the next instruction: a jump, a return, a trap. */
bool arm64_never_falls_through(uint32_t instruction);

/* Hints: nop, marks of jump targets, instructions that sign or strip pointers. A harmless hint can be
 * executed out of line. */
bool arm64_is_hint(uint32_t instruction);
bool arm64_is_harmless_hint(uint32_t instruction);

/* The effect of an instruction. */
struct arm64_effect {
	uint32_t reads, writes; /* general registers */
	bool loads, stores;	/* memory */
	uint32_t base;		/* the register of the memory address, if it loads or stores */
};

/* Sets the effect of a computation, move, load or store; false for exclusive and atomic instructions, and for
 * unknown ones. */
bool arm64_effect_of(uint32_t instruction, struct arm64_effect *ret_effect);

/* Addresses of data and code that two instructions form: adrp sets the page, add the offset in it. */
struct arm64_pages {
	uint32_t known; /* registers that hold a page */
	uint64_t pages[32];
};

/* Steps over one instruction. Returns whether the instruction completes an address, or holds one (adr). */
bool arm64_pages__step(struct arm64_pages *pages, uint32_t instruction, uint64_t address,
		       uint64_t *ret_address);

#endif
