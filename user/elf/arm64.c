// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/arm64.h"

#include <stdbool.h>
#include <stdio.h>

#include "elf/arm64_instruction.h"

static bool is_literal_load(uint32_t instruction)
{
	/* Of vectors, too, which the kernel takes for others and would load from elsewhere. */
	return arm64_matches(instruction, 0x3b000000, 0x18000000);
}

/* What is neither simulated nor can be run elsewhere than where it is. */
static bool is_forbidden(uint32_t instruction)
{
	/* Reserved, among it udf. */
	if (arm64_field(instruction, 25, 4) == 0)
		return true;
	if (is_literal_load(instruction))
		return true;
	/* Exclusive and ordered loads and stores: a trap would keep them from ever succeeding. */
	if (arm64_matches(instruction, 0x3f000000, 0x08000000))
		return true;
	if (!arm64_matches(instruction, 0x1c000000, 0x14000000))
		return false;
	/* Of branches and system instructions: hints, but not all; msr and mrs; exceptions; returns
	 * (the tool's rule, see elf/code.h) and branches that authenticate, which no table above has. */
	if (arm64_is_hint(instruction))
		return !arm64_is_harmless_hint(instruction);
	return arm64_matches(instruction, 0xfff8f01f, 0xd500401f) ||
	       arm64_matches(instruction, 0xffd00000, 0xd5100000) ||
	       arm64_matches(instruction, 0xff000000, 0xd4000000) ||
	       arm64_matches(instruction, 0xfe000000, 0xd6000000);
}

enum code_cost arm64_cost(uint32_t instruction)
{
	/* nop is simulated only since 6.13: it does not count as cheap. */
	if (arm64_branch_name(instruction) || arm64_is_address(instruction))
		return CODE_COST_EMULATED;
	return is_forbidden(instruction) ? CODE_COST_FORBIDDEN : CODE_COST_SINGLE_STEP;
}

/* Whether the next instruction comes next for certain and finds `keep` as it was. Of what is not
 * known to be so it is not said. */
static bool leaves_alone(uint32_t instruction, unsigned int keep)
{
	/* Registers of arguments are numbered alike. */
	uint32_t registers = keep & (CODE_REGISTER(9) - 1);
	struct arm64_effect effect;

	if (keep & CODE_STACK_POINTER)
		registers |= ARM64_STACK_POINTER;
	if (!arm64_effect_of(instruction, &effect) || effect.writes & registers)
		return false;
	return !(effect.stores && keep & CODE_MEMORY &&
		 ARM64_REGISTER(effect.base) != ARM64_STACK_POINTER);
}

/* What jumps within the function do to the path from its entry to `site`, as in elf/code.c. */
struct jumps {
	bool to_entry, to_path, unknown;
};

static struct jumps find_jumps(const struct arm64_code *code, uint64_t site)
{
	struct jumps jumps = {false};

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

/* The offset of the first cheap instruction on the straight path behind the entry; 0: none. */
static size_t walk(const struct arm64_code *code, unsigned int keep)
{
	size_t at = 0;

	while (leaves_alone(arm64_read(code->bytes + at), keep)) {
		at += ARM64_INSTRUCTION_BYTES;
		if (at + ARM64_INSTRUCTION_BYTES > code->size)
			return 0;
		if (arm64_cost(arm64_read(code->bytes + at)) == CODE_COST_EMULATED)
			return at;
	}
	return 0;
}

void arm64_find_site(const struct arm64_code *code, unsigned int keep, bool repeat_ok,
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

int arm64_for_each_target(const struct arm64_code *code, code_target_callback callback,
			  void *context)
{
	for (size_t at = 0; at + ARM64_INSTRUCTION_BYTES <= code->size;
	     at += ARM64_INSTRUCTION_BYTES) {
		uint32_t instruction = arm64_read(code->bytes + at);
		bool is_last = !code->is_whole && arm64_never_falls_through(instruction);
		bool is_call = arm64_is_call(instruction);
		uint64_t target;

		if (arm64_direct_target(instruction, code->entry + at, &target) &&
		    (is_call || is_last || target < code->entry ||
		     target - code->entry >= code->size)) {
			int r = callback(context, target);

			if (r != 0)
				return r;
		}
		if (is_last)
			return 0;
	}
	return 0;
}

bool arm64_takes_result(const struct arm64_code *code)
{
	struct arm64_effect effect;

	for (size_t at = 0; at + ARM64_INSTRUCTION_BYTES <= code->size;
	     at += ARM64_INSTRUCTION_BYTES) {
		uint32_t instruction = arm64_read(code->bytes + at);

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
