// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/branches.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>

#include "code/arm64_instruction.h"
#include "code/x86_instruction.h"

/* Whether a branch that goes to `target` leaves the function: a call always does, and so does the last
 * branch of a function of unknown size, most likely. */
static bool leaves(const struct code_function *function, uint64_t target, bool is_call,
		   bool is_last)
{
	return is_call || is_last || target < function->entry ||
	       target - function->entry >= function->size;
}

/* Whether the file names the target of the branch: in the instruction, or in a pointer, through which
 * compilers call functions of other crates. */
static bool find_target(const struct elf_pointers *pointers,
			const struct x86_instruction *instruction, uint64_t *ret_target)
{
	uint64_t slot;

	return x86_instruction__direct_target(instruction, ret_target) ||
	       (x86_instruction__slot(instruction, &slot) &&
		elf_pointers__at(pointers, slot, ret_target));
}

static int for_each_x86_target(const struct code_function *function,
			       const struct elf_pointers *pointers, code_target_callback callback,
			       void *context)
{
	struct x86_instruction instruction;
	ZydisDecoder decoder;

	x86_decoder_init(&decoder);
	for (size_t at = 0; at < function->size; at += instruction.decoded.length) {
		uint64_t target;

		if (budget__spend(function->budget, BUDGET_INSTRUCTIONS, 1) < 0)
			return -EDQUOT;
		if (!x86_instruction__decode_brief(&instruction, &decoder, function->bytes + at,
						   function->size - at, function->entry + at))
			return 0; /* behind an unknown instruction, code and data look alike */

		bool is_last =
			!function->is_whole && x86_instruction__never_falls_through(&instruction);
		bool is_call = instruction.decoded.meta.category == ZYDIS_CATEGORY_CALL;

		if (find_target(pointers, &instruction, &target) &&
		    leaves(function, target, is_call, is_last)) {
			int r = callback(context, target);

			if (r != 0)
				return r;
		}
		if (is_last)
			return 0;
	}
	return 0;
}

/* On Arm a jump through a register may go anywhere, and calls through the global offset table are not
 * followed: an executable that is linked to one file does not use that table for its own functions. */
static int for_each_arm64_target(const struct code_function *function,
				 code_target_callback callback, void *context)
{
	for (size_t at = 0; at + ARM64_INSTRUCTION_BYTES <= function->size;
	     at += ARM64_INSTRUCTION_BYTES) {
		uint32_t instruction = arm64_read(function->bytes + at);
		bool is_last = !function->is_whole && arm64_never_falls_through(instruction);
		uint64_t target;

		if (budget__spend(function->budget, BUDGET_INSTRUCTIONS, 1) < 0)
			return -EDQUOT;

		if (arm64_direct_target(instruction, function->entry + at, &target) &&
		    leaves(function, target, arm64_is_call(instruction), is_last)) {
			int r = callback(context, target);

			if (r != 0)
				return r;
		}
		if (is_last)
			return 0;
	}
	return 0;
}

int code_for_each_target(const struct elf_image *image, const struct elf_pointers *pointers,
			 uint64_t entry, uint64_t size, code_target_callback callback,
			 void *context)
{
	struct code_function function;
	int r = code_function__init(&function, image, entry, size);

	if (r < 0)
		return r;
	if (elf_image__machine(image) == EM_AARCH64)
		return for_each_arm64_target(&function, callback, context);
	return for_each_x86_target(&function, pointers, callback, context);
}
