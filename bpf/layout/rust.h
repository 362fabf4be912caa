/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_LAYOUT_RUST_H
#define SCOTTYSCOPE_LAYOUT_RUST_H

/* Layouts of the standard library and of the crates bytes and hashbrown. Where a type is not
 * repr(C), the compiler chose the layout: the same in all builds seen (rustc 1.85 to 1.97).
 * Programs validate what they read through these structs. Both sides compile this file. */

#include <linux/types.h>

/* Vec<T> and String. */
struct rust_vec {
	__u64 capacity;
	__u64 address;
	__u64 length;
};

/* No capacity is this large (isize::MAX is the limit). Enums around a Vec or String store another
 * variant, such as None, as this capacity. */
#define RUST_CAPACITY_NICHE (1ULL << 63)

/* Arc<str>: the allocation starts with the strong and the weak count, the text follows. */
struct rust_arc_str {
	__u64 allocation;
	__u64 length;
};
#define RUST_ARC_COUNTS_BYTES 16

/* The first words of bytes::Bytes. */
struct rust_bytes {
	__u64 vtable;
	__u64 data;
	__u64 length;
};

/* The first words of bytes::BytesMut. */
struct rust_bytes_mut {
	__u64 data;
	__u64 length;
	__u64 capacity;
};

/* The allocation of an Arc<Mutex<HashMap<K, V>>> (std's futex mutex, hashbrown's RawTable). */
struct rust_shared_map {
	__u64 strong;
	__u64 weak;
	__u32 futex;
	__u8 poisoned;
	__u8 padding[3];
	__u64 control;
	__u64 bucket_mask;
	__u64 growth_left;
	__u64 items;
};

/* The first words of a HashMap<K, V, RandomState>: hashbrown's RawTable, then the keys of its
 * hash. A map without state of its hash ends before the keys. */
struct rust_map {
	__u64 control; /* a byte for each bucket; the buckets end here, from the first one down */
	__u64 bucket_mask;
	__u64 growth_left;
	__u64 items;
	__u64 key0;
	__u64 key1;
};
#define RUST_MAP_WITHOUT_KEYS_BYTES __builtin_offsetof(struct rust_map, key0)

/* A control byte: 7 bits of the hash, or one of two values with the highest bit set
 * (hashbrown/src/control/tag.rs). */
#define RUST_MAP_EMPTY 0xff

/* Control bytes that hashbrown compares at a time, in 64-bit words (hashbrown/src/control/group). */
#if defined(__TARGET_ARCH_arm64) || defined(__aarch64__)
#define RUST_MAP_GROUP_WORDS 1
#else
#define RUST_MAP_GROUP_WORDS 2
#endif

/* Number of items that a hashbrown table holds before it grows (hashbrown/src/raw.rs,
 * bucket_mask_to_capacity). */
static inline __attribute__((always_inline)) __u64 rust_map_capacity(__u64 bucket_mask)
{
	return bucket_mask < 8 ? bucket_mask : (bucket_mask + 1) / 8 * 7;
}

#endif
