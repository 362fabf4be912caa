/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COUNTERS_BPF_H
#define SCOTTYSCOPE_COUNTERS_BPF_H

#include "core/histogram.h"
#include "core/maps.bpf.h"

/* Another program may preempt this one on the same CPU, so per-CPU counters need atomic adds to be
 * exact. Without contention an atomic add costs a few nanoseconds. */
static __always_inline void add(__u64 *counter, __u64 value)
{
	__sync_fetch_and_add(counter, value);
}

/* Adds to a member of this CPU's struct counters. The entry always exists, but the verifier demands
 * the test. */
#define ADD_TO_COUNTER(member, value)                                                 \
	do {                                                                          \
		__u32 counters_key = 0;                                               \
		struct counters *cpu = bpf_map_lookup_elem(&counters, &counters_key); \
                                                                                      \
		if (cpu)                                                              \
			add(&cpu->member, value);                                     \
	} while (0)

static __always_inline void count_hit(enum hook hook)
{
	ADD_TO_COUNTER(hits[hook], 1);
}

static __always_inline void count_drop(enum drop_cause cause)
{
	ADD_TO_COUNTER(drops[cause], 1);
}

static __always_inline void count_check(enum check result)
{
	ADD_TO_COUNTER(checks[result], 1);
}

static __always_inline void count_events(enum event event, __u64 value)
{
	ADD_TO_COUNTER(events[event], value);
}

static __always_inline void count_event(enum event event)
{
	count_events(event, 1);
}

/* Counts one value. `bounds_ns` has HISTOGRAM_BOUNDS bounds. */
static __always_inline void observe(struct histogram_counts *histogram, __u64 value_ns,
				    const volatile __u64 *bounds_ns)
{
	__u32 bucket = histogram_bucket(bounds_ns, HISTOGRAM_BOUNDS, value_ns);

	add(&histogram->sum_ns, value_ns);
	add(&histogram->buckets[bucket], 1);
}

#endif
