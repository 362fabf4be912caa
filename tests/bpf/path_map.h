/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_BPF_PATH_MAP_H
#define SCOTTYSCOPE_TESTS_BPF_PATH_MAP_H

/* A map of axum's routes as hashbrown builds it. The includer defines PATH_MAP_BUCKETS, a power of two. */

#include "http/route_lookup.bpf.h"

#define GROUP_BYTES (RUST_MAP_GROUP_WORDS * 8)

/* The map, the buckets from the last to the first, then the control bytes, of which the first ones are
 * repeated behind the last. */
struct path_map {
	struct rust_map map;
	struct axum_path_bucket buckets[PATH_MAP_BUCKETS];
	uint8_t control[PATH_MAP_BUCKETS + GROUP_BYTES];
};

static inline void path_map__set_control(struct path_map *map, uint64_t index, uint8_t tag)
{
	map->control[index] = tag;
	if (index < GROUP_BYTES)
		map->control[PATH_MAP_BUCKETS + index] = tag;
}

/* Inserts an id as hashbrown does: in the first free bucket of the groups from the hash on. */
static inline void path_map__insert(struct path_map *map, uint32_t id)
{
	uint64_t hash = siphash_u32(map->map.key0, map->map.key1, id), index = hash;

	for (uint64_t stride = 0;; stride += GROUP_BYTES, index += stride) {
		for (uint64_t i = 0; i < GROUP_BYTES; i++) {
			uint64_t at = (index + i) % PATH_MAP_BUCKETS;

			if (map->control[at] != RUST_MAP_EMPTY)
				continue;
			path_map__set_control(map, at, (uint8_t)(hash >> 57));
			map->buckets[PATH_MAP_BUCKETS - 1 - at].id = id;
			map->map.items++;
			map->map.growth_left--;
			return;
		}
	}
}

#endif
