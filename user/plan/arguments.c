// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/arguments.h"

#include <elf.h>
#include <stdbool.h>

#include "argument.h"
#include "code/code.h"
#include "plan/catalogue.h"

unsigned int plan_registers_of(unsigned int reads, uint16_t machine)
{
	const struct convention convention =
		machine == EM_AARCH64 ? CONVENTION_ARM64 : CONVENTION_X86_64;
	unsigned int registers = 0;

	if (reads & READS_MEMORY)
		registers |= CODE_MEMORY;
	if (reads & READS_STACK_POINTER)
		registers |= CODE_STACK_POINTER;
	for (unsigned int i = 1; i <= 2 * WITH_RESULT_IN_MEMORY; i++) {
		uint32_t place = argument_place(convention, (enum argument)i);

		if (reads & READS(i))
			registers |= place <= convention.registers ? CODE_REGISTER(place)
								   : CODE_STACK_POINTER;
	}
	return registers;
}

bool plan_reads_behind_result(unsigned int reads)
{
	const unsigned int all = READS(2 * WITH_RESULT_IN_MEMORY + 1) - READS(1);
	const unsigned int ordinary = READS(WITH_RESULT_IN_MEMORY + 1) - READS(1);

	return (reads & all & ~ordinary) != 0;
}
