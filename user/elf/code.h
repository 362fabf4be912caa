/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_CODE_H
#define SCOTTYSCOPE_ELF_CODE_H

/* What a probe on an instruction costs, and where in a function one costs little. x86-64 is decoded
 * with Zydis, 64-bit Arm in elf/arm64.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "elf/image.h"
#include "elf/pointers.h"

enum code_cost {
	CODE_COST_UNKNOWN,
	CODE_COST_EMULATED,    /* the kernel emulates it: push, nop, jmp, jcc, call (0.5 us); on Arm
				* adr and all branches but returns */
	CODE_COST_SINGLE_STEP, /* run out of line under single-step (10 us in a VM) */
	CODE_COST_FORBIDDEN,   /* must not be probed: ret, int3, undecodable, LOCK, AVX, ... */
};

const char *code_cost_name(enum code_cost cost);

/* What a site has to find as it was at the entry, as a set: the registers that hold the first
 * arguments of the System V ABI (on Arm, x0 to x7 in this order), the stack pointer and, where what
 * is pointed to is read, memory other than the function's own stack. */
#define CODE_REGISTER(place) (1U << ((place)-1)) /* from 1 */
enum code_register {
	CODE_REGISTER_RDI = 1 << 0,
	CODE_REGISTER_RSI = 1 << 1,
	CODE_REGISTER_RDX = 1 << 2,
	CODE_REGISTER_RCX = 1 << 3,
	CODE_REGISTER_R8 = 1 << 4,
	CODE_REGISTER_R9 = 1 << 5,
	CODE_REGISTER_X6 = 1 << 6,
	CODE_REGISTER_X7 = 1 << 7,
	CODE_STACK_POINTER = 1 << 8,
	CODE_MEMORY = 1 << 9,
};

struct code_site {
	uint64_t address;
	uint64_t entry;	     /* of the function */
	enum code_cost cost; /* at `address` */
	enum code_cost entry_cost;
	bool may_repeat;      /* a loop of the function can pass it more than once a call */
	char instruction[48]; /* at `address`, as text */
};

/* The cheapest site of the function at `entry` (`size` bytes; 0: unknown, then always the entry) at
 * which what `keep` says is still as it was at the entry and which every call passes: a jump or nop,
 * which the kernel emulates without writing to the stack, on the straight path from the entry, before
 * any branch out of it (a conditional jump may itself be the site); else the entry where that is
 * emulated; else the first emulated instruction of the path. Of the last, one that a jump within the
 * function may reach again is taken only if `repeat_ok`. Falls back to the entry, whatever that
 * costs. -EBADMSG where the code cannot be read. */
int code_find_site(const struct elf_image *image, uint64_t entry, uint64_t size, unsigned int keep,
		   bool repeat_ok, struct code_site *ret_site, struct error *error);

/* Whether the function takes the address of its result in memory from where the calling convention
 * says: on Arm from x8. Compilers may hand it over like any other argument where they know all that
 * call the function; on x86-64 that is the same. False where the code cannot be read. */
bool code_takes_result(const struct elf_image *image, uint64_t entry, uint64_t size);

/* Calls back for the target of each call and of each jump out of the function that the file tells
 * (direct, or through one of `pointers`, such as the global offset table's), in the order of the
 * code; of a function of unknown size (0), up to its first jump or return. Ends early
 * on a non-zero return and gives it back. -EBADMSG where the code cannot be read. */
typedef int (*code_target_callback)(void *context, uint64_t target);
int code_for_each_target(const struct elf_image *image, const struct elf_pointers *pointers,
			 uint64_t entry, uint64_t size, code_target_callback callback,
			 void *context);

#endif
