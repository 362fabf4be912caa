/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_CODE_H
#define SCOTTYSCOPE_CODE_CODE_H

/* Types that all of code/ shares: the machine code of a function, a probe site in it and its cost. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"

/* The cost of a uprobe on an instruction. Times: x86-64, in a virtual machine. */
enum code_cost {
	CODE_COST_UNKNOWN,
	CODE_COST_EMULATED, /* the kernel emulates the instruction: push, nop, jmp, jcc, call (0.5 us);
				* on Arm adr and all branches but returns */
	CODE_COST_SINGLE_STEP, /* the CPU executes the instruction out of line, under single-step (10 us) */
	CODE_COST_FORBIDDEN, /* must not be probed: ret, int3, undecodable, LOCK, AVX, ... */
};

/* Returns the name of a cost: "emulated", "single-step", "forbidden", "unknown". */
const char *code_cost_name(enum code_cost cost);

/* A set of what a site must find unchanged since the entry: the registers of the first arguments in the
 * System V ABI (on Arm, x0 to x7 in this order); the stack pointer; and memory other than the function's
 * own stack, for a program that reads what an argument points to. */
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

/* An instruction of a function at which a probe is placed. */
struct code_site {
	uint64_t address;
	uint64_t entry;	     /* of the function */
	enum code_cost cost; /* at `address` */
	enum code_cost entry_cost;
	bool may_repeat;      /* a loop of the function can pass the site several times per call */
	char instruction[48]; /* at `address`, as text */
};

/* The most exits of a function that are probed. */
#define CODE_EXIT_LIMIT 8

/* The machine code of one function, or the code from its entry on. */
struct code_function {
	struct budget *budget; /* of the image */
	const uint8_t *bytes;
	size_t size;
	uint64_t entry;
	bool is_whole; /* `size` is the size of the function; else the function may end earlier */
};

/* Fills `function` with the code of the function at `entry` (`size` bytes; 0: unknown), which `image` owns.
 * -EBADMSG if the code is not in an executable segment of the file. */
int code_function__init(struct code_function *function, const struct elf_image *image,
			uint64_t entry, uint64_t size);

/* Spends the budget of a walk over all of the function's code, on Arm. False if the budget is exceeded. */
bool code_function__spend(const struct code_function *function);

#endif
