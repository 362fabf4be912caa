/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SCRATCH_BPF_H
#define SCOTTYSCOPE_SCRATCH_BPF_H

#include "core/maps.bpf.h"

/* Returns the value of `key` in the hash map `map`. Inserts the only entry of the array `initial`
 * first if the key is absent; NULL if the map is full. Initial values live in maps, because they
 * are too large for a program's stack. */
static __always_inline void *get_or_init(void *map, const void *key, void *initial)
{
	void *value = bpf_map_lookup_elem(map, key);
	__u32 zero = 0;

	if (value)
		return value;
	value = bpf_map_lookup_elem(initial, &zero);
	if (!value)
		return NULL;
	/* Another CPU may insert the key at the same time: the lookup finds either value. */
	bpf_map_update_elem(map, key, value, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

#endif
