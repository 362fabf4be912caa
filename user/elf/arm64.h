/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_ARM64_H
#define SCOTTYSCOPE_ELF_ARM64_H

/* 64-bit Arm's part of elf/code.h: instructions of one size, of which few need to be told apart. The
 * first argument registers, x0 to x5, are CODE_REGISTER_RDI to CODE_REGISTER_R9, in this order. */

#include <stddef.h>
#include <stdint.h>

#include "elf/code.h"

/* The code of one function, or what happens to follow its entry. */
struct arm64_code {
	const uint8_t *bytes;
	size_t size;
	uint64_t entry;
	_Bool is_whole; /* `size` is the function's */
};

/* What a uprobe on an instruction costs, after arm_probe_decode_insn() of
 * arch/arm64/kernel/probes/decode-insn.c. */
enum code_cost arm64_cost(uint32_t instruction);

/* As code_find_site() and code_for_each_target(). Jumps through a register may go anywhere; calls
 * through the global offset table are not followed, for what is linked to one file does not use it. */
void arm64_find_site(const struct arm64_code *code, unsigned int keep, _Bool repeat_ok,
		     struct code_site *site);
int arm64_for_each_target(const struct arm64_code *code, code_target_callback callback,
			  void *context);

#endif
