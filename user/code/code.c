// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/code.h"

#include <errno.h>

#include "code/arm64_instruction.h"

const char *code_cost_name(enum code_cost cost)
{
	switch (cost) {
	case CODE_COST_UNKNOWN:
		return "unknown";
	case CODE_COST_EMULATED:
		return "emulated";
	case CODE_COST_SINGLE_STEP:
		return "single-step";
	case CODE_COST_FORBIDDEN:
		return "forbidden";
	}
	return "unknown";
}

bool code_function__spend(const struct code_function *function)
{
	return budget__spend(function->budget, BUDGET_INSTRUCTIONS,
			     function->size / ARM64_INSTRUCTION_BYTES) == 0;
}

int code_function__init(struct code_function *function, const struct elf_image *image,
			uint64_t entry, uint64_t size)
{
	size_t available;
	uint64_t offset;
	const uint8_t *bytes = elf_image__contents(image, entry, &available);

	if (!bytes || size > available || elf_image__code_offset(image, entry, &offset) < 0)
		return -EBADMSG;
	*function = (struct code_function){
		.budget = elf_image__budget(image),
		.bytes = bytes,
		.size = size ? (size_t)size : available,
		.entry = entry,
		.is_whole = size != 0,
	};
	return 0;
}
