/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ARGUMENT_BPF_H
#define SCOTTYSCOPE_ARGUMENT_BPF_H

/* The registers of the hooked functions, by the calling convention of the machine. */

#include "argument.h"
#include "core/maps.bpf.h"

#if defined(__TARGET_ARCH_x86)
#define CONVENTION CONVENTION_X86_64
#elif defined(__TARGET_ARCH_arm64)
#define CONVENTION CONVENTION_ARM64
#endif

/* Those at a function's entry, or where the plan found them as they were there. One that is not in a
 * register is read from the stack, which only the entry itself has it at; 0 where that fails. */
static __always_inline __u64 read_argument(struct pt_regs *ctx, enum argument argument)
{
	__u32 place = argument_place(CONVENTION, argument);
	__u64 word = 0;

	switch (place) {
	case 1:
		return PT_REGS_PARM1(ctx);
	case 2:
		return PT_REGS_PARM2(ctx);
	case 3:
		return PT_REGS_PARM3(ctx);
	case 4:
		return PT_REGS_PARM4(ctx);
	case 5:
		return PT_REGS_PARM5(ctx);
	case 6:
		return PT_REGS_PARM6(ctx);
#if defined(__TARGET_ARCH_arm64)
	case 7:
		return PT_REGS_PARM7(ctx);
	case 8:
		return PT_REGS_PARM8(ctx);
#endif
	default:
		bpf_probe_read_user(&word, sizeof(word),
				    (void *)(PT_REGS_SP(ctx) + CONVENTION.return_address_bytes +
					     sizeof(word) * (place - CONVENTION.registers - 1)));
		return word;
	}
}

/* One of a register of its own: reads that only differ in where would be merged by the compiler to one
 * at a computed place, which the verifier does not take. */
#define CASE_REGISTER(number)                                                             \
	case number:                                                                      \
		asm volatile("%0 = *(u64 *)(%1 + %2)"                                     \
			     : "=r"(word)                                                 \
			     : "r"(ctx), "i"((number) * sizeof(ctx->user_regs.regs[0]))); \
		break;

/* The address of a function's result in memory, where it is about to return: x86-64 returns that, and
 * on arm64 it is in the register of the number `held`, which calls preserve; 0 where that is none of these. */
static __always_inline __u64 read_result(struct pt_regs *ctx, __u32 held)
{
#if defined(__TARGET_ARCH_arm64)
	__u64 word = 0;

	switch (held) {
		CASE_REGISTER(19)
		CASE_REGISTER(20)
		CASE_REGISTER(21)
		CASE_REGISTER(22)
		CASE_REGISTER(23)
		CASE_REGISTER(24)
		CASE_REGISTER(25)
		CASE_REGISTER(26)
		CASE_REGISTER(27)
		CASE_REGISTER(28)
	}
	return word;
#else
	(void)held;
	return PT_REGS_RC(ctx);
#endif
}

/* What the stack pointer was at the entry of a function that returned just now. */
static __always_inline __u64 stack_pointer_of_call(struct pt_regs *ctx)
{
	return PT_REGS_SP(ctx) - CONVENTION.return_address_bytes;
}

#endif
