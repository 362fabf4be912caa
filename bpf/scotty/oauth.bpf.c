// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* OAuth sessions where the compiler put the recorder's functions for them into their callers: from
 * the maps that these look at, which are hashbrown's behind std's Mutex in an Arc. Their layout is
 * the compiler's choice; what is read has to be a map. */

#include "core/common.bpf.h"

struct rust_shared_map {
	__u64 strong;
	__u64 weak;
	__u32 futex;
	__u8 poisoned;
	__u8 padding[3];
	__u64 control; /* hashbrown's RawTable */
	__u64 bucket_mask;
	__u64 growth_left;
	__u64 items;
};

/* How many items a table takes before it grows (hashbrown/src/raw.rs). */
static __always_inline __u64 capacity_of(__u64 bucket_mask)
{
	return bucket_mask < 8 ? bucket_mask : (bucket_mask + 1) / 8 * 7;
}

#define BUCKET_MASK_MAX 0xffffff

/* The number of items, or -1 where `address` is no such map. */
static __always_inline __s64 read_items(__u64 address)
{
	struct rust_shared_map map;

	if (bpf_probe_read_user(&map, sizeof(map), (void *)address) || !map.strong ||
	    map.strong > 1 << 20 || !map.weak || map.futex > 2 || map.poisoned > 1 ||
	    map.control & 15 || !map.control || map.bucket_mask > BUCKET_MASK_MAX ||
	    map.bucket_mask & (map.bucket_mask + 1) ||
	    map.items + map.growth_left > capacity_of(map.bucket_mask)) {
		check(CHECK_SESSIONS_STRANGE);
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

/* oauth::cleanup::cleanup_*_sessions(map): what it takes out is what is missing at its end. */
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
