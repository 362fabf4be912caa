// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* OAuth sessions, for builds in which the compiler inlined the recorder's functions: the number of
 * items in the maps that the callers of these functions read. */

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "layout/rust.h"
#include "scotty/maps.bpf.h"

#define STRONG_COUNT_MAX (1 << 20)
#define BUCKET_MASK_MAX	 0xffffff

/* Whether the words can be a map's; after std's Mutex (futex 0 to 2) and hashbrown's table of 2^n
 * buckets. */
static __always_inline bool is_plausible_map(const struct rust_shared_map *map)
{
	return map->strong && map->strong <= STRONG_COUNT_MAX && map->weak && map->futex <= 2 &&
	       map->poisoned <= 1 && map->control && !(map->control & 15) &&
	       map->bucket_mask <= BUCKET_MASK_MAX &&
	       !(map->bucket_mask & (map->bucket_mask + 1)) &&
	       map->items + map->growth_left <= rust_map_capacity(map->bucket_mask);
}

/* The number of items of the map at `address`; -1 if the map is malformed. */
static __always_inline __s64 read_items(__u64 address)
{
	struct rust_shared_map map;

	if (bpf_probe_read_user(&map, sizeof(map), (void *)address) || !is_plausible_map(&map)) {
		count_check(CHECK_SESSIONS_STRANGE);
		return -1;
	}
	return (__s64)map.items;
}

/* oauth::cleanup::sample_oauth_session_metrics(device flows, web flows, sessions) */
SEC("uprobe")
int on_oauth_sample(struct pt_regs *ctx)
{
	__s64 device, web;

	if (!admit(HOOK_OAUTH_SAMPLE, ACTIVE_ALL))
		return 0;
	device = read_items(read_argument(ctx, ARGUMENT_DEVICE_FLOWS));
	web = read_items(read_argument(ctx, ARGUMENT_WEB_FLOWS));
	if (device >= 0 && web >= 0) {
		oauth_sessions[OAUTH_DEVICE] = (__u64)device + 1;
		oauth_sessions[OAUTH_WEB] = (__u64)web + 1;
	}
	return 0;
}

/* oauth::cleanup::cleanup_*_sessions(map): the expired sessions are the difference of the items at
 * its start and at its end. */
SEC("uprobe")
int on_oauth_cleanup(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_OAUTH_CLEANUP, ACTIVE_ALL);
	struct oauth_cleanup cleanup = {.map = read_argument(ctx, ARGUMENT_CLEANED_MAP)};
	__s64 items;

	if (!tid)
		return 0;
	items = read_items(cleanup.map);
	cleanup.items = (__u64)items;
	if (items > 0)
		bpf_map_update_elem(&oauth_cleanups, &tid, &cleanup, BPF_ANY);
	return 0;
}

SEC("uprobe")
int on_oauth_cleaned(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_OAUTH_CLEANED, ACTIVE_ALL);
	const struct oauth_cleanup *cleanup;
	__s64 items;

	(void)ctx;
	cleanup = tid ? bpf_map_lookup_elem(&oauth_cleanups, &tid) : NULL;
	if (!cleanup)
		return 0;
	items = read_items(cleanup->map);
	if (items >= 0 && (__u64)items < cleanup->items)
		count_events(EVENT_OAUTH_EXPIRED, cleanup->items - (__u64)items);
	bpf_map_delete_elem(&oauth_cleanups, &tid);
	return 0;
}
