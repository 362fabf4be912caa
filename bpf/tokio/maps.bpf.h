/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_MAPS_BPF_H
#define SCOTTYSCOPE_TOKIO_MAPS_BPF_H

#include "core/settings.bpf.h"

/* Address of a task's header -> the task. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct task);
} tasks __weak SEC(".maps");

/* A task's id -> the address of its header. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} task_headers __weak SEC(".maps");

/* Address of a vtable -> facts about its tasks. User space fills it from the plan. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct task_kind);
} vtables __weak SEC(".maps");

/* Addresses of the task lists of runtimes (OwnedTasks) that tasks were added to since the
 * attachment. User space reads tokio's counters there. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TASK_LIST_LIMIT);
	__type(key, __u64);
	__type(value, __u64);
} task_lists __weak SEC(".maps");

/* By index of the task type. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KIND_LIMIT);
	__type(key, __u32);
	__type(value, struct task_totals);
} task_totals __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct schedule_totals);
} schedule_totals __weak SEC(".maps");

#endif
