// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Peak of the target's resident memory, from the kernel's accounting. */

#include "core/admit.bpf.h"

/* Resident bytes by enum memory_member, as last reported. User space sets them from /proc before
 * the first report. */
__u64 resident_bytes[MEMBER_COUNT];
/* The kernel's id of the target's address space, from the first update by the target itself. It
 * identifies updates by other processes, such as reclaim. 0: none yet. */
__u32 target_mm_id;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct memory_peak);
} memory_peak SEC(".maps");

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
	if (BPF_CORE_READ(event, curr) && process_and_thread() >> 32 == settings.target_tgid)
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
