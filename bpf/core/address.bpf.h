/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ADDRESS_BPF_H
#define SCOTTYSCOPE_ADDRESS_BPF_H

#include <linux/types.h>

/* User memory that no one asked for by address ends at 47 bits on x86-64 and 48 on arm64, whatever
 * more the CPU has (Documentation/arch/x86/x86_64/5level-paging.rst, arch/arm64/memory.rst). */
#define USER_ADDRESS_BITS 48

static __always_inline bool is_user_address(__u64 value)
{
	return value >= 0x10000 && value < 1ULL << USER_ADDRESS_BITS;
}

#endif
