/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_MAP_KEYS_H
#define SCOTTYSCOPE_PROBE_MAP_KEYS_H

#include <bpf/libbpf.h>

/* Handles one key. The handler may delete this key only. */
typedef int (*map_key_handler)(void *context, const void *key);

/* Calls `handle` with each key of a map whose keys have at most 8 bytes. A negative return ends the walk and is
 * returned. Returns 0 at the end of the map; a negative errno if the map cannot be read. */
int map_keys__visit(const struct bpf_map *map, map_key_handler handle, void *context);

#endif
