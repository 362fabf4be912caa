// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/arm64_instruction.h"

#include <stdbool.h>
#include <string.h>

#include "base/array.h"

/* Branches: name, encoding, and the bits that hold the distance to the target. */
struct branch {
	const char *name;
	uint32_t mask, value;
	unsigned int lowest,
		width; /* of the distance in instructions; width 0: the target is in a register */
};

static const struct branch branches[] = {
	{"b", 0xfc000000, 0x14000000, 0, 26},	   {"bl", 0xfc000000, 0x94000000, 0, 26},
	{"b.cond", 0xff000010, 0x54000000, 5, 19}, {"cbz", 0x7f000000, 0x34000000, 5, 19},
	{"cbnz", 0x7f000000, 0x35000000, 5, 19},   {"tbz", 0x7f000000, 0x36000000, 5, 14},
	{"tbnz", 0x7f000000, 0x37000000, 5, 14},   {"br", 0xfffffc1f, 0xd61f0000, 0, 0},
	{"blr", 0xfffffc1f, 0xd63f0000, 0, 0},
};

uint32_t arm64_read(const uint8_t *bytes)
{
	uint32_t instruction;

	/* Instructions are little-endian, like all files that elf_image__open() accepts. */
	memcpy(&instruction, bytes, sizeof(instruction));
	return instruction;
}

static const struct branch *branch_of(uint32_t instruction)
{
	for (size_t i = 0; i < ARRAY_SIZE(branches); i++) {
		if (arm64_matches(instruction, branches[i].mask, branches[i].value))
			return &branches[i];
	}
	return NULL;
}

const char *arm64_branch_name(uint32_t instruction)
{
	const struct branch *branch = branch_of(instruction);

	return branch ? branch->name : NULL;
}

bool arm64_is_call(uint32_t instruction)
{
	return arm64_matches(instruction, 0xfc000000, 0x94000000) ||
	       arm64_matches(instruction, 0xfffffc1f, 0xd63f0000);
}

bool arm64_is_register_jump(uint32_t instruction)
{
	return arm64_matches(instruction, 0xfffffc1f, 0xd61f0000);
}

bool arm64_is_return(uint32_t instruction)
{
	/* ret, also with authentication */
	return arm64_matches(instruction, 0xfffff000, 0xd65f0000);
}

bool arm64_is_address(uint32_t instruction)
{
	return arm64_matches(instruction, 0x1f000000, 0x10000000);
}

static uint64_t sign_extend(uint64_t number, unsigned int width)
{
	uint64_t sign = 1ULL << (width - 1);

	return (number ^ sign) - sign;
}

bool arm64_direct_target(uint32_t instruction, uint64_t address, uint64_t *ret_target)
{
	const struct branch *branch = branch_of(instruction);

	if (!branch || branch->width == 0)
		return false;
	*ret_target = address +
		      ARM64_INSTRUCTION_BYTES *
			      sign_extend(arm64_field(instruction, branch->lowest, branch->width),
					  branch->width);
	return true;
}

bool arm64_never_falls_through(uint32_t instruction)
{
	return arm64_matches(instruction, 0xfc000000, 0x14000000) || /* b */
	       arm64_is_register_jump(instruction) || arm64_is_return(instruction) ||
	       arm64_matches(instruction, 0xffe0001f, 0xd4200000) || /* brk */
	       instruction >> 16 == 0;				     /* udf */
}

bool arm64_is_hint(uint32_t instruction)
{
	return arm64_matches(instruction, 0xfffff01f, 0xd503201f);
}

bool arm64_is_harmless_hint(uint32_t instruction)
{
	/* the list of aarch64_insn_is_steppable_hint() in the kernel */
	static const uint64_t harmless = 1ULL << 0 | 1ULL << 7 | 1ULL << 8 | 1ULL << 10 |
					 15ULL << 24 | 1ULL << 32 | 1ULL << 34 | 1ULL << 36 |
					 1ULL << 38;
	uint32_t number = arm64_field(instruction, 5, 7);

	return arm64_is_hint(instruction) && number < 64 && harmless >> number & 1;
}

static uint32_t register_at(uint32_t instruction, unsigned int lowest)
{
	return ARM64_REGISTER(arm64_field(instruction, lowest, 5));
}

/* Computations with immediate numbers or registers. */
static bool computes(uint32_t instruction, struct arm64_effect *effect)
{
	bool is_immediate = arm64_matches(instruction, 0x1c000000, 0x10000000);
	bool is_wide = arm64_matches(instruction, 0x1f800000, 0x12800000); /* movz, movn, movk */

	if (!is_immediate && !arm64_matches(instruction, 0x0e000000, 0x0a000000))
		return false;
	effect->writes = register_at(instruction, 0);
	if (is_wide)
		effect->reads = arm64_field(instruction, 29, 2) == 3 ? effect->writes : 0;
	else if (!arm64_is_address(instruction))
		effect->reads = register_at(instruction, 5);
	if (!is_immediate)
		effect->reads |= register_at(instruction, 16);
	if (arm64_matches(instruction, 0x1f000000, 0x1b000000)) /* madd and the like */
		effect->reads |= register_at(instruction, 10);
	return true;
}

static void set_move(struct arm64_effect *effect, uint32_t instruction, bool is_store,
		     uint32_t registers)
{
	effect->base = arm64_field(instruction, 5, 5);
	effect->reads |= ARM64_REGISTER(effect->base);
	effect->loads = !is_store;
	effect->stores = is_store;
	*(is_store ? &effect->reads : &effect->writes) |= registers;
}

/* Loads and stores of two registers. */
static bool moves_pair(uint32_t instruction, struct arm64_effect *effect)
{
	bool is_vector = arm64_field(instruction, 26, 1);
	bool moves_base = arm64_field(instruction, 23, 1);

	if (!arm64_matches(instruction, 0x3a000000, 0x28000000))
		return false;
	set_move(effect, instruction, !arm64_field(instruction, 22, 1),
		 is_vector ? 0 : register_at(instruction, 0) | register_at(instruction, 10));
	effect->writes |= moves_base ? ARM64_REGISTER(effect->base) : 0;
	return true;
}

/* Loads and stores of one register. */
static bool moves_one(uint32_t instruction, struct arm64_effect *effect)
{
	bool is_vector = arm64_field(instruction, 26, 1);
	bool has_number = arm64_field(instruction, 24, 1); /* unsigned, as the offset */
	uint32_t form = arm64_field(instruction, 10, 2);
	bool is_store = is_vector ? arm64_field(instruction, 22, 1) == 0
				  : arm64_field(instruction, 22, 2) == 0;

	/* Bit 21 marks atomic instructions and loads with authentication, unless the offset is a register. */
	if (!arm64_matches(instruction, 0x3a000000, 0x38000000) ||
	    (!has_number && arm64_field(instruction, 21, 1) && form != 2))
		return false;
	set_move(effect, instruction, is_store, is_vector ? 0 : register_at(instruction, 0));
	if (!has_number && form == 2)
		effect->reads |= register_at(instruction, 16);
	if (!has_number && form % 2 == 1)
		effect->writes |= ARM64_REGISTER(effect->base);
	return true;
}

/* Ordered loads and stores, ldar and stlr. Unlike exclusive ones they are complete operations. */
static bool moves_in_order(uint32_t instruction, struct arm64_effect *effect)
{
	if (!arm64_matches(instruction, 0x3fa08000, 0x08808000))
		return false;
	set_move(effect, instruction, !arm64_field(instruction, 22, 1),
		 register_at(instruction, 0));
	return true;
}

bool arm64_effect_of(uint32_t instruction, struct arm64_effect *ret_effect)
{
	*ret_effect = (struct arm64_effect){0};
	if (arm64_matches(instruction, 0xfff00000, 0xd5300000)) { /* mrs */
		ret_effect->writes = register_at(instruction, 0);
		return true;
	}
	return arm64_is_harmless_hint(instruction) || computes(instruction, ret_effect) ||
	       moves_pair(instruction, ret_effect) || moves_one(instruction, ret_effect) ||
	       moves_in_order(instruction, ret_effect);
}

/* Returns the address of adr or adrp. Two bits of the number are apart from the others. */
static uint64_t address_of(uint32_t instruction, uint64_t address)
{
	uint64_t number =
		(uint64_t)arm64_field(instruction, 5, 19) << 2 | arm64_field(instruction, 29, 2);
	uint64_t distance = sign_extend(number, 21);

	return instruction >> 31 ? (address & ~UINT64_C(4095)) + distance * 4096
				 : address + distance;
}

bool arm64_pages__step(struct arm64_pages *pages, uint32_t instruction, uint64_t address,
		       uint64_t *ret_address)
{
	uint32_t base = arm64_field(instruction, 5, 5);
	struct arm64_effect effect;
	bool is_complete = false;

	if (arm64_is_address(instruction) && instruction >> 31 == 0) {
		*ret_address = address_of(instruction, address);
		is_complete = true;
	} else if (arm64_matches(instruction, 0xffc00000, 0x91000000) && /* add, of 64 bits */
		   pages->known & ARM64_REGISTER(base)) {
		*ret_address = pages->pages[base] + arm64_field(instruction, 10, 12);
		is_complete = true;
	}
	/* A page that the code uses behind a call is in a register that calls preserve, so calls change
	 * nothing here. */
	if (arm64_effect_of(instruction, &effect))
		pages->known &= ~effect.writes;
	if (arm64_never_falls_through(instruction))
		pages->known = 0;
	if (arm64_is_address(instruction) && instruction >> 31) {
		uint32_t result = arm64_field(instruction, 0, 5);

		pages->known |= ARM64_REGISTER(result);
		pages->pages[result] = address_of(instruction, address);
	}
	return is_complete;
}
