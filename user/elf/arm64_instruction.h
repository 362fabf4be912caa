/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_ARM64_INSTRUCTION_H
#define SCOTTYSCOPE_ELF_ARM64_INSTRUCTION_H

/* One instruction of 64-bit Arm: where it goes, and what it does to registers. Encodings are those of
 * the Arm Architecture Reference Manual for A-profile, chapter C4. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARM64_INSTRUCTION_BYTES 4

/* Registers, as bits by their numbers; 31 is the stack pointer, or as an operand none. */
#define ARM64_REGISTER(number) (1U << (number))
#define ARM64_RESULT	       ARM64_REGISTER(8) /* the address of a result in memory */
#define ARM64_STACK_POINTER    ARM64_REGISTER(31)

/* Whether the bits of `mask` are those of `value`. */
static inline bool arm64_matches(uint32_t instruction, uint32_t mask, uint32_t value)
{
	return (instruction & mask) == value;
}

static inline uint32_t arm64_field(uint32_t instruction, unsigned int lowest, unsigned int width)
{
	return instruction >> lowest & ((1U << width) - 1);
}

/* The instruction at `bytes`. */
uint32_t arm64_read(const uint8_t *bytes);

/* The name of a branch, such as "b.cond" or "blr"; NULL for returns and what is no branch. */
const char *arm64_branch_name(uint32_t instruction);

bool arm64_is_call(uint32_t instruction);	   /* bl, blr */
bool arm64_is_register_jump(uint32_t instruction); /* br */
bool arm64_is_return(uint32_t instruction);
bool arm64_is_address(uint32_t instruction); /* adr, adrp */

/* Whether it is a branch to an address that it holds itself. */
bool arm64_direct_target(uint32_t instruction, uint64_t address, uint64_t *ret_target);

/* Whether nothing can get from it to the next instruction: a jump, a return, a trap. */
bool arm64_never_falls_through(uint32_t instruction);

/* nop, and those that mark where jumps may go to, or that sign or strip pointers. */
bool arm64_is_hint(uint32_t instruction);
bool arm64_is_harmless_hint(uint32_t instruction);

/* What an instruction does. */
struct arm64_effect {
	uint32_t reads, writes; /* general registers */
	bool loads, stores;	/* memory */
	uint32_t base;		/* the register that says where, then */
};

/* Of computations, moves, loads and stores, but for the exclusive and atomic ones; false for what is
 * not known to be one. */
bool arm64_effect_of(uint32_t instruction, struct arm64_effect *ret_effect);

/* Addresses of data and code, which take two instructions: adrp gives a page, add the rest. */
struct arm64_pages {
	uint32_t known; /* registers */
	uint64_t pages[32];
};

/* Goes on by an instruction. Whether it completes an address, or holds one itself (adr). */
bool arm64_pages__step(struct arm64_pages *pages, uint32_t instruction, uint64_t address,
		       uint64_t *ret_address);

#endif
