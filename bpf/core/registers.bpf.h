/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_REGISTERS_BPF_H
#define SCOTTYSCOPE_REGISTERS_BPF_H

/* Arguments and results of the hooked functions, by the machine's calling convention. */

#include "argument.h"
#include "core/settings.bpf.h"

#if defined(__TARGET_ARCH_x86)
#define CONVENTION CONVENTION_X86_64
#elif defined(__TARGET_ARCH_arm64)
#define CONVENTION CONVENTION_ARM64
#endif

/* An argument at the function's entry, or at a site where the plan found the argument registers
 * unchanged. An argument without a register is read from the stack, which is valid at the entry
 * only; 0 if the read fails. */
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
		if (bpf_probe_read_user(
			    &word, sizeof(word),
			    (void *)(PT_REGS_SP(ctx) + CONVENTION.return_address_bytes +
				     sizeof(word) * (place - CONVENTION.registers - 1))))
			return 0;
		return word;
	}
}

/* Reads one register at a constant offset. From C, clang would merge the cases into one load at a
 * variable offset of ctx, which the verifier rejects. */
#define CASE_REGISTER(number)                                                             \
	case number:                                                                      \
		asm volatile("%0 = *(u64 *)(%1 + %2)"                                     \
			     : "=r"(word)                                                 \
			     : "r"(ctx), "i"((number) * sizeof(ctx->user_regs.regs[0]))); \
		break;

/* The address of a function's result in memory, at a site right before its return. x86-64 returns
 * the address; on arm64 the callee-saved register with the number `held` has it; 0 for other
 * registers. */
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

/* The stack pointer at the entry of the function that has just returned. */
static __always_inline __u64 stack_pointer_of_call(struct pt_regs *ctx)
{
	return PT_REGS_SP(ctx) - CONVENTION.return_address_bytes;
}

#endif
