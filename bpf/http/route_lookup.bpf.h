/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_ROUTE_LOOKUP_BPF_H
#define SCOTTYSCOPE_HTTP_ROUTE_LOOKUP_BPF_H

/* The path of a route in axum's router, found as axum finds it: by the route's id in a std HashMap.
 * A text that is found here is a template of the router, never another string of the server. Unit
 * tests compile this file natively. */

#include "core/siphash.bpf.h"
#include "core/word.bpf.h"
#include "layout/axum.h"

#define MAP_GROUP_LIMIT	    8 /* groups of control bytes that are searched */
#define MAP_MATCH_LIMIT	    4 /* buckets with the same 7 bits of the hash in a word */
#define MAP_BUCKET_MASK_MAX 0xffffff

/* Whether the words can be a map with items. */
static __always_inline bool is_map(const struct rust_map *map)
{
	return map->control && map->items && map->bucket_mask <= MAP_BUCKET_MASK_MAX &&
	       !(map->bucket_mask & (map->bucket_mask + 1)) &&
	       map->items + map->growth_left <= rust_map_capacity(map->bucket_mask);
}

/* Reads the bucket with the id `id`, among those that `marks` selects of the eight from `index` on.
 * Returns whether there is one. */
static __always_inline bool find_in_word(const struct rust_map *map, __u64 index, __u64 marks,
					 __u32 id, struct axum_path_bucket *bucket)
{
	for (int i = 0; i < MAP_MATCH_LIMIT && marks; i++) {
		__u64 number = ((index + first_marked(marks)) & map->bucket_mask) + 1;

		if (!bpf_probe_read_user(bucket, sizeof(*bucket),
					 (void *)(map->control - number * sizeof(*bucket))) &&
		    bucket->id == id)
			return true;
		marks &= marks - 1;
	}
	return false;
}

/* Reads the bucket of the route `id` in the map of paths at `paths`. Returns false if there is none,
 * or if the memory is no such map. */
static __attribute__((noinline, unused)) bool find_path(__u64 paths, __u32 id,
							struct axum_path_bucket *bucket)
{
	__u64 words[RUST_MAP_GROUP_WORDS], hash, tag, index, empty = 0;
	struct rust_map map;

	if (bpf_probe_read_user(&map, sizeof(map), (void *)paths) || !is_map(&map))
		return false;
	hash = siphash_u32(map.key0, map.key1, id);
	tag = hash >> 57;
	index = hash;
	for (__u32 i = 1; i <= MAP_GROUP_LIMIT && !empty; i++) {
		index &= map.bucket_mask;
		if (bpf_probe_read_user(words, sizeof(words), (void *)(map.control + index)))
			return false;
		for (__u32 word = 0; word < RUST_MAP_GROUP_WORDS; word++) {
			if (find_in_word(&map, index + word * sizeof(*words),
					 bytes_equal(words[word], (__u8)tag), id, bucket))
				return true;
			empty |= bytes_equal(words[word], RUST_MAP_EMPTY);
		}
		index += (__u64)i * sizeof(words);
	}
	return false;
}

#endif
