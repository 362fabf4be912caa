/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SIPHASH_BPF_H
#define SCOTTYSCOPE_SIPHASH_BPF_H

/* SipHash-1-3, the hash of std's HashMap (library/core/src/hash/sip.rs; Aumasson and Bernstein,
 * "SipHash: a fast short-input PRF", section 2). Unit tests compile this file natively. */

#include <linux/types.h>

#include "core/helpers.bpf.h"

#define SIPHASH_ROTATE(word, bits) ((word) << (bits) | (word) >> (64 - (bits)))

/* One SipRound. */
static __always_inline void siphash_round(__u64 v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = SIPHASH_ROTATE(v[1], 13) ^ v[0];
	v[3] = SIPHASH_ROTATE(v[3], 16) ^ v[2];
	v[0] = SIPHASH_ROTATE(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = SIPHASH_ROTATE(v[1], 17) ^ v[2];
	v[3] = SIPHASH_ROTATE(v[3], 21) ^ v[0];
	v[2] = SIPHASH_ROTATE(v[2], 32);
}

/* The hash of a u32 under the two keys of a map's RandomState. */
static __always_inline __u64 siphash_u32(__u64 key0, __u64 key1, __u32 value)
{
	__u64 v[4] = {key0 ^ 0x736f6d6570736575ULL, key1 ^ 0x646f72616e646f6dULL,
		      key0 ^ 0x6c7967656e657261ULL, key1 ^ 0x7465646279746573ULL};
	__u64 block = (__u64)sizeof(value) << 56 | value;

	v[3] ^= block;
	siphash_round(v);
	v[0] ^= block;
	v[2] ^= 0xff;
	siphash_round(v);
	siphash_round(v);
	siphash_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
