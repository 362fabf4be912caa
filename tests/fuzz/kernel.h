/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_FUZZ_KERNEL_H
#define SCOTTYSCOPE_TESTS_FUZZ_KERNEL_H

/* Stubs of the kernel's maps and helpers, beyond those of tests/bpf/native.h, to compile headers of bpf/ that
 * use maps. A target defines native_lookup(). */

#include <linux/bpf.h>
#include <linux/types.h>

#include "bpf/native.h"

/* Maps, too, have this attribute. A target is one source, so its functions need not be static. */
#undef __weak
#undef __noinline
#define __noinline __attribute__((noinline, unused))
#define __weak	   __attribute__((weak))
#define __hidden
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) __typeof__(value) *name

/* Only the type: no target reads a thread pointer. */
#define bpf_core_enum_value_exists(type, value) 0
#define THREAD_POINTER				fs
#define BPF_CORE_READ(source, member)		((source)->member)

struct task_struct {
	__u64 fs;
};

static inline struct task_struct *bpf_get_current_task_btf(void)
{
	return NULL;
}

static inline __u64 bpf_get_current_task(void)
{
	return 0;
}

static inline __u64 bpf_ktime_get_ns(void)
{
	return 1;
}

/* Returns the only entry of the map at `map`; NULL for an empty map. */
static void *native_lookup(const void *map);

#define bpf_map_lookup_elem(map, key)		    ((void)(key), native_lookup(map))
#define bpf_map_update_elem(map, key, value, flags) ((void)(key), (void)(value), 0)

#endif
