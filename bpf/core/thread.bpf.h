/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_THREAD_BPF_H
#define SCOTTYSCOPE_THREAD_BPF_H

#include "core/counters.bpf.h"
#include "core/scratch.bpf.h"

static __always_inline struct thread *find_thread(__u32 tid)
{
	return bpf_map_lookup_elem(&threads, &tid);
}

static __always_inline struct thread *get_or_init_thread(__u32 tid)
{
	struct thread *thread = get_or_init(&threads, &tid, &new_thread);

	if (!thread)
		count_drop(DROP_THREADS_FULL);
	return thread;
}

#endif
