// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The highest resident memory between two collections, from the kernel's own accounting. */

#include "core/common.bpf.h"

/* Bytes resident by kind, as last reported; set from /proc before the first report. */
extern __u64 resident_bytes[MEMBER_COUNT];
/* The kernel's name for the target's memory, learnt from the first change that it made itself: later
 * ones by others (reclaim) are then known by it. 0: not yet. */
extern __u32 target_mm_id;

SEC("tp/kmem/rss_stat")
int on_rss_stat(struct trace_event_raw_rss_stat *event)
{
	__u32 mm_id = BPF_CORE_READ(event, mm_id), zero = 0;
	int member = BPF_CORE_READ(event, member);
	long size = BPF_CORE_READ(event, size);
	struct memory_peak *peak;
	__u64 total = 0;

	if (activation < ACTIVE_ALL || member < 0 || member >= MEMBER_COUNT)
		return 0;
	if (BPF_CORE_READ(event, curr) && process_and_thread() >> 32 == target_tgid)
		target_mm_id = mm_id;
	else if (!target_mm_id || mm_id != target_mm_id)
		return 0;
	count_hit(HOOK_RSS_STAT);

	resident_bytes[member & (MEMBER_COUNT - 1)] = size > 0 ? (__u64)size : 0;
	for (int i = 0; i < MEMBER_COUNT; i++) {
		if (i != MEMBER_SWAP)
			total += resident_bytes[i];
	}
	peak = bpf_map_lookup_elem(&memory_peak, &zero);
	if (peak && total > peak->rss_bytes)
		peak->rss_bytes = total;
	return 0;
}
