/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ADDRESS_BPF_H
#define SCOTTYSCOPE_ADDRESS_BPF_H

#include <linux/types.h>

#include "core/helpers.bpf.h"

/* Without an address hint, mmap() returns addresses below 2^47 on x86-64 and 2^48 on arm64, on
 * every CPU (Documentation/arch/x86/x86_64/5level-paging.rst, arch/arm64/memory.rst). */
#define USER_ADDRESS_BITS 48

static __always_inline bool is_user_address(__u64 value)
{
	return value >= 0x10000 && value < 1ULL << USER_ADDRESS_BITS;
}

#endif
