/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_ARM64_H
#define SCOTTYSCOPE_ELF_ARM64_H

/* 64-bit Arm's part of elf/code.h and elf/exit.h: instructions of one size, of which few need to be told apart. The
 * first argument registers, x0 to x7, are CODE_REGISTER_RDI to CODE_REGISTER_X7, in this order. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/code.h"
#include "elf/exit.h"

/* The code of one function, or what happens to follow its entry. */
struct arm64_code {
	const uint8_t *bytes;
	size_t size;
	uint64_t entry;
	bool is_whole; /* `size` is the function's */
};

/* What a uprobe on an instruction costs, after arm_probe_decode_insn() of
 * arch/arm64/kernel/probes/decode-insn.c. */
enum code_cost arm64_cost(uint32_t instruction);

/* As code_find_site() and code_for_each_target(). Jumps through a register may go anywhere; calls
 * through the global offset table are not followed, for what is linked to one file does not use it. */
void arm64_find_site(const struct arm64_code *code, unsigned int keep, bool repeat_ok,
		     struct code_site *site);
int arm64_for_each_target(const struct arm64_code *code, code_target_callback callback,
			  void *context);
bool arm64_takes_result(const struct arm64_code *code);

/* As code_find_exits(), code_find_result() and code_find_byte_store(), of whole functions. */
int arm64_find_exits(const struct arm64_code *code, struct code_site ret_sites[CODE_EXIT_LIMIT]);
bool arm64_find_result(const struct arm64_code *code, uint32_t *ret_register);
uint32_t arm64_find_byte_store(const struct arm64_code *code);

/* Sets the place, its instruction and what that costs. */
void arm64_set_site(struct code_site *site, uint32_t instruction, uint64_t address);

#endif
