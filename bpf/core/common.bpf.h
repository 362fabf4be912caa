/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COMMON_BPF_H
#define SCOTTYSCOPE_COMMON_BPF_H

/* What every program does: ask whether it is meant, count, find its thread. */

#include "core/registers.bpf.h"

/* Programs may be preempted by others on the same CPU, so even per-CPU counters need atomic adds to
 * be exact; uncontended ones cost a few nanoseconds. */
static __always_inline void add(__u64 *counter, __u64 value)
{
	__sync_fetch_and_add(counter, value);
}

/* Adds to one of this CPU's counters, a member of struct counters. They are always there, but the verifier
 * wants to see that asked. */
#define COUNT(member, value)                                                   \
	do {                                                                   \
		__u32 zero = 0;                                                \
		struct counters *here = bpf_map_lookup_elem(&counters, &zero); \
                                                                               \
		if (here)                                                      \
			add(&here->member, value);                             \
	} while (0)

static __always_inline void count_hit(enum hook hook)
{
	COUNT(hits[hook], 1);
}

static __always_inline void lose(enum loss cause)
{
	COUNT(losses[cause], 1);
}

static __always_inline void count_events(enum event event, __u64 value)
{
	COUNT(events[event], value);
}

static __always_inline void count_event(enum event event)
{
	count_events(event, 1);
}

static __always_inline void check(enum check finding)
{
	COUNT(checks[finding], 1);
}

/* The process and thread ids as user space sees them in its own pid namespace. */
static __always_inline __u64 process_and_thread(void)
{
	struct bpf_pidns_info info = {};

	if (!pid_namespace_inode)
		return bpf_get_current_pid_tgid();
	if (bpf_get_ns_current_pid_tgid(pid_namespace_device, pid_namespace_inode, &info,
					sizeof(info)))
		return 0;
	return (__u64)info.tgid << 32 | info.pid;
}

/* Since kernel commit e00931c02568 ("bpf: Enable private stack for eligible subprogs"), 6.13, programs
 * of a uprobe's type have a stack on each CPU, as if none could interrupt another. Those of uprobes can,
 * where the kernel is preemptible, and then one writes over the other's variables. Programs with a
 * tail call stay on their thread's stack, even where the call is ruled out. */
static __always_inline void keep_own_stack(void)
{
	if (never)
		bpf_tail_call(NULL, &no_programs, 0);
}

/* Whether a tracepoint's hit is the target's and may be recorded: gives its thread id, 0 if not. */
static __always_inline __u32 admit_tracepoint(enum hook hook, enum activation needed)
{
	__u64 ids;

	if (activation < needed)
		return 0;
	ids = process_and_thread();
	if (ids >> 32 != target_tgid)
		return 0;
	count_hit(hook);
	return (__u32)ids;
}

/* The same for a uprobe's. */
static __always_inline __u32 admit(enum hook hook, enum activation needed)
{
	keep_own_stack();
	return admit_tracepoint(hook, needed);
}

static __always_inline struct thread *find_thread(__u32 tid)
{
	return bpf_map_lookup_elem(&threads, &tid);
}

static __always_inline struct thread *meet_thread(__u32 tid)
{
	struct thread *thread = find_thread(tid);
	__u32 zero = 0;
	void *fresh;

	if (thread)
		return thread;
	fresh = bpf_map_lookup_elem(&new_thread, &zero);
	if (!fresh || bpf_map_update_elem(&threads, &tid, fresh, BPF_NOEXIST))
		lose(LOSS_THREADS_FULL);
	return find_thread(tid);
}

static __always_inline struct http_connection *meet_connection(__u64 header)
{
	struct http_connection *connection = bpf_map_lookup_elem(&http_connections, &header);
	__u32 zero = 0;
	void *fresh;

	if (connection)
		return connection;
	fresh = bpf_map_lookup_elem(&new_connection, &zero);
	if (!fresh || bpf_map_update_elem(&http_connections, &header, fresh, BPF_NOEXIST))
		lose(LOSS_CONNECTIONS_FULL);
	return bpf_map_lookup_elem(&http_connections, &header);
}

/* Counts one value: in the bucket of the first bound that is not below it. Unused bounds are the
 * highest number there is. */
static __always_inline void observe(struct histogram_counts *histogram, __u64 value_ns,
				    const volatile __u64 *bounds_ns)
{
	__u32 bucket = 0;

	while (bucket < HISTOGRAM_BOUNDS && value_ns > bounds_ns[bucket])
		bucket++;
	add(&histogram->sum_ns, value_ns);
	add(&histogram->buckets[bucket], 1);
}

#endif
