/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BOUND_BPF_H
#define SCOTTYSCOPE_BOUND_BPF_H

/* Sizes of reads that every verifier can follow. Unit tests compile this file natively. */

#include <linux/types.h>

#include "core/helpers.bpf.h"

/* The smaller one of `size` and the constant `limit`. The compiler may compare a copy of the size, or
 * the limit with the size. Up to Linux 6.1 the verifier then does not know that the size is limited. */
#ifdef __bpf__
#define at_most(size, limit)                                          \
	({                                                            \
		__u64 limited = (size);                               \
		__asm__ volatile("if %[value] <= %[most] goto +1\n\t" \
				 "%[value] = %[most]"                 \
				 : [value] "+r"(limited)              \
				 : [most] "i"(limit));                \
		limited;                                              \
	})
#else
#define at_most(size, limit) ((size) > (limit) ? (limit) : (size))
#endif

#endif
