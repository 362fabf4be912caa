// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/arguments.h"

#include <criterion/criterion.h>
#include <elf.h>

#include "code/code.h"
#include "plan/catalogue.h"

#define IN_MEMORY(argument) READS(WITH_RESULT_IN_MEMORY + (argument))

#define EXPECT(reads, x86_64, arm64)                                           \
	do {                                                                   \
		cr_expect_eq(plan_registers_of((reads), EM_X86_64), (x86_64)); \
		cr_expect_eq(plan_registers_of((reads), EM_AARCH64), (arm64)); \
	} while (0)

Test(plan_arguments, registers_in_order)
{
	EXPECT(READS(1), CODE_REGISTER_RDI, CODE_REGISTER(1));
	EXPECT(READS(2) | READS(4), CODE_REGISTER_RSI | CODE_REGISTER_RCX,
	       CODE_REGISTER(2) | CODE_REGISTER(4));
	EXPECT(READS(6), CODE_REGISTER_R9, CODE_REGISTER(6));
}

/* Its address is an argument, or has a register of its own. */
Test(plan_arguments, behind_the_address_of_the_result)
{
	EXPECT(IN_MEMORY(1), CODE_REGISTER_RSI, CODE_REGISTER(1));
	EXPECT(IN_MEMORY(1) | IN_MEMORY(2), CODE_REGISTER_RSI | CODE_REGISTER_RDX,
	       CODE_REGISTER(1) | CODE_REGISTER(2));
}

/* Those are found by the stack pointer. */
Test(plan_arguments, more_than_there_are_registers)
{
	EXPECT(READS(7) | READS(8), CODE_STACK_POINTER, CODE_REGISTER_X6 | CODE_REGISTER_X7);
	EXPECT(IN_MEMORY(6), CODE_STACK_POINTER, CODE_REGISTER_R9);
}

Test(plan_arguments, what_is_no_argument)
{
	EXPECT(0, 0, 0);
	EXPECT(READS(1) | READS_MEMORY, CODE_REGISTER_RDI | CODE_MEMORY,
	       CODE_REGISTER_RDI | CODE_MEMORY);
	EXPECT(READS(1) | READS_STACK_POINTER, CODE_REGISTER_RDI | CODE_STACK_POINTER,
	       CODE_REGISTER_RDI | CODE_STACK_POINTER);
}
