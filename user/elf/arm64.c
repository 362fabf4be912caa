// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/arm64.h"

#include <stdio.h>
#include <string.h>

/* Encodings are those of the Arm Architecture Reference Manual for A-profile, chapter C4. */

#define INSTRUCTION_BYTES 4
#define REGISTER_STACK	  31 /* as the base of a load or store */

static _Bool matches(uint32_t instruction, uint32_t mask, uint32_t value)
{
	return (instruction & mask) == value;
}

static uint32_t field(uint32_t instruction, unsigned int lowest, unsigned int width)
{
	return instruction >> lowest & ((1U << width) - 1);
}

/* Branches, each with its name and where in it the distance to its target is. */
struct branch {
	const char *name;
	uint32_t mask, value;
	unsigned int lowest, width; /* of the distance in instructions; 0: a register tells */
};

static const struct branch branches[] = {
	{"b", 0xfc000000, 0x14000000, 0, 26},	   {"bl", 0xfc000000, 0x94000000, 0, 26},
	{"b.cond", 0xff000010, 0x54000000, 5, 19}, {"cbz", 0x7f000000, 0x34000000, 5, 19},
	{"cbnz", 0x7f000000, 0x35000000, 5, 19},   {"tbz", 0x7f000000, 0x36000000, 5, 14},
	{"tbnz", 0x7f000000, 0x37000000, 5, 14},   {"br", 0xfffffc1f, 0xd61f0000, 0, 0},
	{"blr", 0xfffffc1f, 0xd63f0000, 0, 0},
};

static const struct branch *branch_of(uint32_t instruction)
{
	for (size_t i = 0; i < sizeof(branches) / sizeof(branches[0]); i++) {
		if (matches(instruction, branches[i].mask, branches[i].value))
			return &branches[i];
	}
	return NULL;
}

static _Bool is_named(const struct branch *branch, const char *name)
{
	return branch && strcmp(branch->name, name) == 0;
}

static _Bool is_address(uint32_t instruction)
{
	return matches(instruction, 0x1f000000, 0x10000000); /* adr, adrp */
}

static _Bool is_hint(uint32_t instruction)
{
	return matches(instruction, 0xfffff01f, 0xd503201f);
}

/* aarch64_insn_is_steppable_hint(): nop, and those that mark where jumps may go to, or that sign or
 * strip pointers. */
static _Bool is_harmless_hint(uint32_t instruction)
{
	static const uint64_t harmless = 1ULL << 0 | 1ULL << 7 | 1ULL << 8 | 1ULL << 10 |
					 15ULL << 24 | 1ULL << 32 | 1ULL << 34 | 1ULL << 36 |
					 1ULL << 38;
	uint32_t number = field(instruction, 5, 7);

	return is_hint(instruction) && number < 64 && harmless >> number & 1;
}

static _Bool is_literal_load(uint32_t instruction)
{
	/* Of vectors, too, which the kernel takes for others and would load from elsewhere. */
	return matches(instruction, 0x3b000000, 0x18000000);
}

/* What is neither simulated nor can be run elsewhere than where it is. */
static _Bool is_forbidden(uint32_t instruction)
{
	/* Reserved, among it udf. */
	if (field(instruction, 25, 4) == 0)
		return 1;
	if (is_literal_load(instruction))
		return 1;
	/* Exclusive and ordered loads and stores: a trap would keep them from ever succeeding. */
	if (matches(instruction, 0x3f000000, 0x08000000))
		return 1;
	if (!matches(instruction, 0x1c000000, 0x14000000))
		return 0;
	/* Of branches and system instructions: hints, but not all; msr and mrs; exceptions; returns
	 * (the tool's rule, see elf/code.h) and branches that authenticate, which no table above has. */
	if (is_hint(instruction))
		return !is_harmless_hint(instruction);
	return matches(instruction, 0xfff8f01f, 0xd500401f) ||
	       matches(instruction, 0xffd00000, 0xd5100000) ||
	       matches(instruction, 0xff000000, 0xd4000000) ||
	       matches(instruction, 0xfe000000, 0xd6000000);
}

enum code_cost arm64_cost(uint32_t instruction)
{
	/* nop is simulated only since 6.13: it does not count as cheap. */
	if (branch_of(instruction) || is_address(instruction))
		return CODE_COST_EMULATED;
	return is_forbidden(instruction) ? CODE_COST_FORBIDDEN : CODE_COST_SINGLE_STEP;
}

static _Bool is_argument(uint32_t number, unsigned int keep)
{
	return number < 6 && keep & 1U << number;
}

/* Whether a load or store of one register or two, other than an atomic one, leaves `keep` alone. */
static _Bool moves_leave_alone(uint32_t instruction, unsigned int keep)
{
	_Bool is_pair = matches(instruction, 0x3a000000, 0x28000000);
	_Bool has_offset = is_pair ? field(instruction, 23, 2) % 2 == 0
				   : field(instruction, 24, 1) || field(instruction, 10, 2) == 0 ||
					     field(instruction, 10, 2) == 2;
	_Bool is_vector = field(instruction, 26, 1);
	_Bool is_store = is_pair     ? !field(instruction, 22, 1)
			 : is_vector ? field(instruction, 22, 1) == 0
				     : field(instruction, 22, 2) == 0;
	uint32_t base = field(instruction, 5, 5);

	/* Bit 21 is of atomic ones, and of loads that authenticate, unless the offset is a register. */
	if (!is_pair &&
	    (!matches(instruction, 0x3a000000, 0x38000000) ||
	     (matches(instruction, 0x01200000, 0x00200000) && field(instruction, 10, 2) != 2)))
		return 0;
	if (is_store && keep & CODE_MEMORY && base != REGISTER_STACK)
		return 0;
	/* The base moves along where it is no plain offset. */
	if (!has_offset && is_argument(base, keep))
		return 0;
	return is_store || is_vector ||
	       !(is_argument(field(instruction, 0, 5), keep) ||
		 (is_pair && is_argument(field(instruction, 10, 5), keep)));
}

/* Whether the next instruction comes next for certain and finds `keep` as it was. Of what is not
 * known to be so it is not said. */
static _Bool leaves_alone(uint32_t instruction, unsigned int keep)
{
	_Bool is_computed = matches(instruction, 0x1c000000, 0x10000000) || /* immediate */
			    matches(instruction, 0x0e000000, 0x0a000000);   /* of registers */

	if (is_computed)
		return !is_argument(field(instruction, 0, 5), keep);
	if (is_forbidden(instruction))
		return 0;
	return is_harmless_hint(instruction) || moves_leave_alone(instruction, keep);
}

static uint32_t read_instruction(const struct arm64_code *code, size_t at)
{
	uint32_t instruction;

	/* Always little-endian, as the files that are read are. */
	memcpy(&instruction, code->bytes + at, sizeof(instruction));
	return instruction;
}

static _Bool target_of(uint32_t instruction, uint64_t address, uint64_t *ret_target)
{
	const struct branch *branch = branch_of(instruction);
	uint64_t distance, sign;

	if (!branch || branch->width == 0)
		return 0;
	sign = 1ULL << (branch->width - 1);
	distance = (field(instruction, branch->lowest, branch->width) ^ sign) - sign;
	*ret_target = address + distance * INSTRUCTION_BYTES;
	return 1;
}

/* What jumps within the function do to the path from its entry to `site`, as in elf/code.c. */
struct jumps {
	_Bool to_entry, to_path, unknown;
};

static struct jumps find_jumps(const struct arm64_code *code, uint64_t site)
{
	struct jumps jumps = {0};

	for (size_t at = 0; at + INSTRUCTION_BYTES <= code->size; at += INSTRUCTION_BYTES) {
		uint32_t instruction = read_instruction(code, at);
		const struct branch *branch = branch_of(instruction);
		uint64_t target;

		jumps.unknown |= field(instruction, 25, 4) == 0 && instruction >> 16 != 0;
		jumps.to_path |= is_named(branch, "br");
		if (!target_of(instruction, code->entry + at, &target))
			continue;
		if (target == code->entry)
			jumps.to_entry |= !is_named(branch, "bl");
		else if (target > code->entry && target <= site)
			jumps.to_path = 1;
	}
	return jumps;
}

static void set_site(struct code_site *site, uint32_t instruction, uint64_t address)
{
	const struct branch *branch = branch_of(instruction);
	uint64_t target;

	site->address = address;
	site->cost = arm64_cost(instruction);
	if (target_of(instruction, address, &target))
		snprintf(site->instruction, sizeof(site->instruction), "%s 0x%llx", branch->name,
			 (unsigned long long)target);
	else
		snprintf(site->instruction, sizeof(site->instruction), "%s 0x%08x",
			 branch			   ? branch->name
			 : is_address(instruction) ? "adr"
						   : ".inst",
			 instruction);
}

/* The offset of the first cheap instruction on the straight path behind the entry; 0: none. */
static size_t walk(const struct arm64_code *code, unsigned int keep)
{
	size_t at = 0;

	while (leaves_alone(read_instruction(code, at), keep)) {
		at += INSTRUCTION_BYTES;
		if (at + INSTRUCTION_BYTES > code->size)
			return 0;
		if (arm64_cost(read_instruction(code, at)) == CODE_COST_EMULATED)
			return at;
	}
	return 0;
}

void arm64_find_site(const struct arm64_code *code, unsigned int keep, _Bool repeat_ok,
		     struct code_site *site)
{
	struct jumps jumps;
	size_t slide;

	if (code->size < INSTRUCTION_BYTES || code->entry % INSTRUCTION_BYTES != 0) {
		site->cost = site->entry_cost = CODE_COST_FORBIDDEN;
		return;
	}
	set_site(site, read_instruction(code, 0), code->entry);
	site->entry_cost = site->cost;
	if (!code->is_whole)
		return;
	slide = site->cost == CODE_COST_EMULATED ? 0 : walk(code, keep);
	jumps = find_jumps(code, code->entry + slide);
	site->may_repeat = jumps.to_entry;
	if (slide == 0 || jumps.unknown || ((jumps.to_path || jumps.to_entry) && !repeat_ok))
		return;
	set_site(site, read_instruction(code, slide), code->entry + slide);
	site->may_repeat = jumps.to_path || jumps.to_entry;
}

/* Whether nothing can get from it to the next instruction: a jump, a return, a trap. */
static _Bool never_falls_through(uint32_t instruction)
{
	const struct branch *branch = branch_of(instruction);

	return is_named(branch, "b") || is_named(branch, "br") ||
	       matches(instruction, 0xfffff000,
		       0xd65f0000) || /* ret, also one that authenticates */
	       matches(instruction, 0xffe0001f, 0xd4200000) || /* brk */
	       instruction >> 16 == 0;			       /* udf */
}

int arm64_for_each_target(const struct arm64_code *code, code_target_callback callback,
			  void *context)
{
	for (size_t at = 0; at + INSTRUCTION_BYTES <= code->size; at += INSTRUCTION_BYTES) {
		uint32_t instruction = read_instruction(code, at);
		_Bool is_last = !code->is_whole && never_falls_through(instruction);
		_Bool is_call = is_named(branch_of(instruction), "bl");
		uint64_t target;

		if (target_of(instruction, code->entry + at, &target) &&
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
