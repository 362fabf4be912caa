// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/arm64_exit.h"

#include <stdbool.h>

#include "code/arm64.h"
#include "code/arm64_instruction.h"

/* The registers that a call may change, and the return address (Procedure Call Standard, 6.1). */
#define CALL_CLOBBERED (((1U << 19) - 1) | ARM64_REGISTER(30))
/* The registers that a function restores before it returns, frame pointer and return address included. */
#define RESTORED ((1U << 31) - (1U << 19))
/* The restored registers in which a function can keep a value. */
#define KEPT ((1U << 29) - (1U << 19))

static uint32_t instruction_at(const struct code_function *code, uint64_t at)
{
	return arm64_read(code->bytes + at);
}

/* Whether the instruction restores registers from the stack. */
static bool restores(uint32_t instruction)
{
	struct arm64_effect effect;

	return arm64_effect_of(instruction, &effect) && effect.loads &&
	       ARM64_REGISTER(effect.base) == ARM64_STACK_POINTER &&
	       !(effect.writes & ~(RESTORED | ARM64_STACK_POINTER));
}

static bool gives_stack_back(uint32_t instruction)
{
	return arm64_matches(instruction, 0xff8003ff, 0x910003ff); /* add sp, sp, #n */
}

/* Returns the offset of the first instruction that restores registers before the end of the function at
 * `end`; `end` if none does. */
static uint64_t start_of_restoring(const struct code_function *code, uint64_t end)
{
	uint64_t last = end, at;

	if (last > 0 && gives_stack_back(instruction_at(code, last - ARM64_INSTRUCTION_BYTES)))
		last -= ARM64_INSTRUCTION_BYTES;
	at = last;
	while (at > 0 && restores(instruction_at(code, at - ARM64_INSTRUCTION_BYTES)))
		at -= ARM64_INSTRUCTION_BYTES;
	return at < last ? at : end;
}

/* Returns the last offset in (start, end] to which a jump within the function goes; `start` if none does. */
static uint64_t last_jump_into(const struct code_function *code, uint64_t start, uint64_t end)
{
	uint64_t last = code->entry + start, target;

	for (uint64_t at = 0; at < code->size; at += ARM64_INSTRUCTION_BYTES) {
		if (arm64_direct_target(instruction_at(code, at), code->entry + at, &target) &&
		    target > last && target <= code->entry + end)
			last = target;
	}
	return last - code->entry;
}

/* Whether the instruction may leave the function by a jump: a direct jump out of the function, or a tail
 * call through a register. */
static bool leaves(const struct code_function *code, uint64_t at)
{
	uint32_t instruction = instruction_at(code, at);
	uint64_t target;

	if (arm64_is_register_jump(instruction))
		return start_of_restoring(code, at) != at;
	return !arm64_is_call(instruction) &&
	       arm64_direct_target(instruction, code->entry + at, &target) &&
	       (target < code->entry || target - code->entry >= code->size);
}

int arm64_find_exits(const struct code_function *code, struct code_site ret_sites[CODE_EXIT_LIMIT])
{
	int count = 0;

	if (code->size % ARM64_INSTRUCTION_BYTES != 0 || !code_function__spend(code))
		return 0;
	for (uint64_t at = 0; at < code->size; at += ARM64_INSTRUCTION_BYTES) {
		uint64_t start;

		if (leaves(code, at))
			return 0;
		if (!arm64_is_return(instruction_at(code, at)))
			continue;
		start = start_of_restoring(code, at);
		if (start == at || count == CODE_EXIT_LIMIT)
			return 0;
		if (!code_function__spend(code))
			return 0;
		start = last_jump_into(code, start, at);
		if (!restores(instruction_at(code, start)))
			return 0;
		ret_sites[count] = (struct code_site){.entry = code->entry};
		arm64_set_site(&ret_sites[count], instruction_at(code, start), code->entry + start);
		ret_sites[count].entry_cost = ret_sites[count].cost;
		count++;
	}
	return count;
}

/* The registers that hold the address of the function's result at one point of its code. */
struct copies {
	uint32_t registers;
	bool is_leaving; /* between a site and its return: restored registers do not count as lost */
};

static void copies__step(struct copies *copies, uint32_t instruction)
{
	bool is_copy = arm64_matches(instruction, 0xffe0ffe0, 0xaa0003e0); /* mov, of 64 bits */
	struct arm64_effect effect;

	if (arm64_is_return(instruction))
		copies->is_leaving = false;
	if (copies->is_leaving)
		return;
	if (arm64_is_call(instruction))
		copies->registers &= ~CALL_CLOBBERED;
	if (!arm64_effect_of(instruction, &effect))
		return;
	is_copy = is_copy && effect.reads & copies->registers;
	copies->registers &= ~effect.writes;
	if (is_copy)
		copies->registers |= effect.writes;
}

bool arm64_find_result(const struct code_function *code, uint32_t *ret_register)
{
	struct code_site sites[CODE_EXIT_LIMIT];
	struct copies copies = {.registers = ARM64_RESULT};
	int count = arm64_find_exits(code, sites), site = 0;
	uint32_t held = KEPT;

	if (count == 0 || !code_function__spend(code))
		return false;
	for (uint64_t at = 0; at < code->size; at += ARM64_INSTRUCTION_BYTES) {
		if (site < count && code->entry + at == sites[site].address) {
			held &= copies.registers;
			copies.is_leaving = true;
			site++;
		}
		copies__step(&copies, instruction_at(code, at));
	}
	*ret_register = 0;
	while (held && !(held & ARM64_REGISTER(*ret_register)))
		++*ret_register;
	return held != 0;
}

/* Whether the instruction stores a byte at a fixed offset from a register. */
static bool stores_byte(uint32_t instruction, uint32_t *ret_base, int64_t *ret_offset)
{
	*ret_base = arm64_field(instruction, 5, 5);
	if (arm64_matches(instruction, 0xffc00000, 0x39000000)) { /* strb */
		*ret_offset = arm64_field(instruction, 10, 12);
		return true;
	}
	if (arm64_matches(instruction, 0xffe00c00, 0x38000000)) { /* sturb */
		*ret_offset = (int64_t)arm64_field(instruction, 12, 8) -
			      (int64_t)arm64_field(instruction, 20, 1) * 256;
		return true;
	}
	return false;
}

uint32_t arm64_find_byte_store(const struct code_function *code)
{
	struct copies copies = {.registers = ARM64_RESULT};
	int64_t offset, found = 0;
	uint32_t base;

	if (!code_function__spend(code))
		return 0;
	for (uint64_t at = 0; at + ARM64_INSTRUCTION_BYTES <= code->size;
	     at += ARM64_INSTRUCTION_BYTES) {
		uint32_t instruction = instruction_at(code, at);

		if (stores_byte(instruction, &base, &offset) &&
		    copies.registers & ARM64_REGISTER(base)) {
			if (offset <= 0 || (found && offset != found))
				return 0;
			found = offset;
		}
		copies__step(&copies, instruction);
	}
	return (uint32_t)found;
}
