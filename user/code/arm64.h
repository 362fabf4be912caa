/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_ARM64_H
#define SCOTTYSCOPE_CODE_ARM64_H

/* Probe sites in code of 64-bit Arm. All instructions have one size, and few kinds of them matter. The
 * first argument registers, x0 to x7, are CODE_REGISTER_RDI to CODE_REGISTER_X7, in this order. */

#include <stdbool.h>
#include <stdint.h>

#include "code/code.h"

/* Returns the cost of a uprobe on an instruction, after arm_probe_decode_insn() of
 * arch/arm64/kernel/probes/decode-insn.c. */
enum code_cost arm64_cost(uint32_t instruction);

/* As code_find_site() of code/site.h. */
void arm64_find_site(const struct code_function *code, unsigned int keep, bool repeat_ok,
		     struct code_site *site);

/* As code_takes_result() of code/site.h. */
bool arm64_takes_result(const struct code_function *code);

/* Sets the address, the instruction's text and the cost of a site. */
void arm64_set_site(struct code_site *site, uint32_t instruction, uint64_t address);

#endif
