// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/map_keys.h"

#include <errno.h>
#include <stdint.h>

int map_keys__visit(const struct bpf_map *map, map_key_handler handle, void *context)
{
	uint64_t key, next = 0; /* of 4 or 8 bytes */
	size_t size = bpf_map__key_size(map);
	int more = bpf_map__get_next_key(map, NULL, &next, size);

	/* If a program deletes `key`, the walk begins again: the number of its steps is bounded. */
	for (uint32_t i = 0; more == 0 && i < bpf_map__max_entries(map); i++) {
		int r;

		key = next;
		more = bpf_map__get_next_key(map, &key, &next, size);
		r = handle(context, &key);
		if (r < 0)
			return r;
	}
	return more == -ENOENT ? 0 : more;
}
