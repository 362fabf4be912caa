/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ADMIT_BPF_H
#define SCOTTYSCOPE_ADMIT_BPF_H

/* The first step of every program: decides whether the hit belongs to the target and must be
 * recorded. */

#include "core/counters.bpf.h"

/* Process id (upper half) and thread id, as user space sees them in its pid namespace; 0 for other
 * namespaces. */
static __always_inline __u64 process_and_thread(void)
{
	struct bpf_pidns_info info = {};

	if (!settings.pid_namespace_inode)
		return bpf_get_current_pid_tgid();
	if (bpf_get_ns_current_pid_tgid(settings.pid_namespace_device, settings.pid_namespace_inode,
					&info, sizeof(info)))
		return 0;
	return (__u64)info.tgid << 32 | info.pid;
}

/* Always false, but the compiler does not know. */
__weak const volatile bool never;

/* Since kernel commit e00931c02568 ("bpf: Enable private stack for eligible subprogs"), 6.13,
 * programs of a uprobe's type have a stack per CPU, as if no program could preempt another. On a
 * preemptible kernel uprobe programs can, and then one overwrites the other's variables. Programs
 * with a tail call keep their thread's stack, even if the call is dead code. */
static __always_inline void keep_own_stack(void)
{
	if (never)
		bpf_tail_call(NULL, &no_programs, 0);
}

/* Returns the thread id if a tracepoint's hit belongs to the target and the activation has reached
 * `needed`, else 0. Counts the hit. */
static __always_inline __u32 admit_tracepoint(enum hook hook, enum activation needed)
{
	__u64 ids;

	if (activation < needed)
		return 0;
	ids = process_and_thread();
	if (ids >> 32 != settings.target_tgid)
		return 0;
	count_hit(hook);
	return (__u32)ids;
}

/* As admit_tracepoint(), for a uprobe. */
static __always_inline __u32 admit(enum hook hook, enum activation needed)
{
	keep_own_stack();
	return admit_tracepoint(hook, needed);
}

#endif
