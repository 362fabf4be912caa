// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/arm64.h"

#include <stdbool.h>
#include <stdio.h>

#include "code/arm64_instruction.h"

static bool is_literal_load(uint32_t instruction)
{
	/* Vector loads included: the kernel mistakes them for other loads, from another address. */
	return arm64_matches(instruction, 0x3b000000, 0x18000000);
}

/* Whether the kernel can neither simulate the instruction nor execute it out of line. */
static bool is_forbidden(uint32_t instruction)
{
	/* reserved encodings, among them udf */
	if (arm64_field(instruction, 25, 4) == 0)
		return true;
	if (is_literal_load(instruction))
		return true;
	/* Exclusive and ordered loads and stores: with a trap in between, the exclusive store never
	 * succeeds. */
	if (arm64_matches(instruction, 0x3f000000, 0x08000000))
		return true;
	if (!arm64_matches(instruction, 0x1c000000, 0x14000000))
		return false;
	/* Branches and system instructions: some hints; msr and mrs; exceptions; returns (never probed,
	 * see code/code.h) and branches that authenticate, which have no name in arm64_branch_name(). */
	if (arm64_is_hint(instruction))
		return !arm64_is_harmless_hint(instruction);
	return arm64_matches(instruction, 0xfff8f01f, 0xd500401f) ||
	       arm64_matches(instruction, 0xffd00000, 0xd5100000) ||
	       arm64_matches(instruction, 0xff000000, 0xd4000000) ||
	       arm64_matches(instruction, 0xfe000000, 0xd6000000);
}

enum code_cost arm64_cost(uint32_t instruction)
{
	/* The kernel simulates nop only since 6.13, so nop does not count as emulated. */
	if (arm64_branch_name(instruction) || arm64_is_address(instruction))
		return CODE_COST_EMULATED;
	return is_forbidden(instruction) ? CODE_COST_FORBIDDEN : CODE_COST_SINGLE_STEP;
}

/* Whether execution certainly goes on with the next instruction, with the state in `keep` unchanged.
 * Returns false for unknown instructions. */
static bool leaves_alone(uint32_t instruction, unsigned int keep)
{
	/* x0 to x7 have the numbers of the bits in `keep`. */
	uint32_t registers = keep & (CODE_REGISTER(9) - 1);
	struct arm64_effect effect;

	if (keep & CODE_STACK_POINTER)
		registers |= ARM64_STACK_POINTER;
	if (!arm64_effect_of(instruction, &effect) || effect.writes & registers)
		return false;
	return !(effect.stores && keep & CODE_MEMORY &&
		 ARM64_REGISTER(effect.base) != ARM64_STACK_POINTER);
}

/* Where jumps within a function go to, as in code/site.c. */
struct jumps {
	bool to_entry, to_path, unknown;
};

static struct jumps find_jumps(const struct code_function *code, uint64_t site)
{
	struct jumps jumps = {false};

	if (!code_function__spend(code))
		return (struct jumps){.unknown = true};
	for (size_t at = 0; at + ARM64_INSTRUCTION_BYTES <= code->size;
	     at += ARM64_INSTRUCTION_BYTES) {
		uint32_t instruction = arm64_read(code->bytes + at);
		uint64_t target;

		jumps.unknown |= arm64_field(instruction, 25, 4) == 0 && instruction >> 16 != 0;
		jumps.to_path |= arm64_is_register_jump(instruction);
		if (!arm64_direct_target(instruction, code->entry + at, &target))
			continue;
		if (target == code->entry)
			jumps.to_entry |= !arm64_is_call(instruction);
		else if (target > code->entry && target <= site)
			jumps.to_path = true;
	}
	return jumps;
}

void arm64_set_site(struct code_site *site, uint32_t instruction, uint64_t address)
{
	const char *branch = arm64_branch_name(instruction);
	uint64_t target;

	site->address = address;
	site->cost = arm64_cost(instruction);
	if (arm64_direct_target(instruction, address, &target))
		snprintf(site->instruction, sizeof(site->instruction), "%s 0x%llx", branch,
			 (unsigned long long)target);
	else
		snprintf(site->instruction, sizeof(site->instruction), "%s 0x%08x",
			 branch				 ? branch
			 : arm64_is_address(instruction) ? "adr"
							 : ".inst",
			 instruction);
}

/* Returns the offset of the first emulated instruction on the straight path behind the entry; 0: none. */
static size_t walk(const struct code_function *code, unsigned int keep)
{
	size_t at = 0;

	while (budget__spend(code->budget, BUDGET_INSTRUCTIONS, 1) == 0 &&
	       leaves_alone(arm64_read(code->bytes + at), keep)) {
		at += ARM64_INSTRUCTION_BYTES;
		if (at + ARM64_INSTRUCTION_BYTES > code->size)
			return 0;
		if (arm64_cost(arm64_read(code->bytes + at)) == CODE_COST_EMULATED)
			return at;
	}
	return 0;
}

void arm64_find_site(const struct code_function *code, unsigned int keep, bool repeat_ok,
		     struct code_site *site)
{
	struct jumps jumps;
	size_t slide;

	if (code->size < ARM64_INSTRUCTION_BYTES || code->entry % ARM64_INSTRUCTION_BYTES != 0) {
		site->cost = site->entry_cost = CODE_COST_FORBIDDEN;
		return;
	}
	arm64_set_site(site, arm64_read(code->bytes), code->entry);
	site->entry_cost = site->cost;
	if (!code->is_whole)
		return;
	slide = site->cost == CODE_COST_EMULATED ? 0 : walk(code, keep);
	jumps = find_jumps(code, code->entry + slide);
	site->may_repeat = jumps.to_entry;
	if (slide == 0 || jumps.unknown || ((jumps.to_path || jumps.to_entry) && !repeat_ok))
		return;
	arm64_set_site(site, arm64_read(code->bytes + slide), code->entry + slide);
	site->may_repeat = jumps.to_path || jumps.to_entry;
}

bool arm64_takes_result(const struct code_function *code)
{
	struct arm64_effect effect;

	for (size_t at = 0; at + ARM64_INSTRUCTION_BYTES <= code->size;
	     at += ARM64_INSTRUCTION_BYTES) {
		uint32_t instruction = arm64_read(code->bytes + at);

		if (budget__spend(code->budget, BUDGET_INSTRUCTIONS, 1) < 0)
			return false;
		if (arm64_is_call(instruction) || arm64_never_falls_through(instruction))
			return false;
		if (!arm64_effect_of(instruction, &effect))
			continue;
		if (effect.reads & ARM64_RESULT)
			return true;
		if (effect.writes & ARM64_RESULT)
			return false;
	}
	return false;
}
