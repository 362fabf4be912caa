/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WORD_BPF_H
#define SCOTTYSCOPE_WORD_BPF_H

/* Comparisons of eight bytes at a time without branches: fewer instructions to run, and fewer
 * states for the verifier. Unit tests compile this file natively. */

#include <linux/types.h>

#include "core/helpers.bpf.h"

/* A number with eight times the same byte. */
#define REPEAT(byte) ((byte)*0x0101010101010101ULL)

/* Eight characters as the little-endian number that has them in memory. */
#define WORD(a, b, c, d, e, f, g, h)                                                             \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | \
	 (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

/* Sets the 0x80 bit of each byte of the result whose byte in `word` equals `byte`; after the
 * zero-byte test of Hacker's Delight, section 6-1. */
static __always_inline __u64 bytes_equal(__u64 word, __u8 byte)
{
	const __u64 low_bits = REPEAT(0x7f);
	__u64 difference = word ^ REPEAT(byte);

	return ~(((difference & low_bits) + low_bits) | difference | low_bits);
}

/* Number of bytes before the first byte whose 0x80 bit is set; 8 if none is. */
static __always_inline __u64 first_marked(__u64 marks)
{
	__u64 below = ((marks & -marks) >> 7) - 1;

	return ((below & REPEAT(1)) * REPEAT(1)) >> 56;
}

/* All ones if no byte is marked, else 0. clang 19 would turn the plain arithmetic into a branch,
 * and the verifier would follow both sides of it for each word. */
static __always_inline __u64 ones_unless_marked(__u64 marks)
{
	__u64 sign = marks | -marks;

	asm volatile("" : "+r"(sign));
	return (sign >> 63) - 1;
}

#endif
