/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_MAPS_BPF_H
#define SCOTTYSCOPE_MAPS_BPF_H

/* All maps and settings, shared by the subjects' objects (weak: the linker makes them one). Sizes
 * of 1 are set by user space before loading. */

#include "vmlinux.h"

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "wire.h"

/* Settings, fixed at load: code that they rule out is removed by the verifier. */
extern const volatile __u32 target_tgid;
extern const volatile __u64 pid_namespace_device; /* 0: the initial one */
extern const volatile __u64 pid_namespace_inode;
extern const volatile __u64 slow_poll_ns;
extern const volatile __u64 poll_bounds_ns[HISTOGRAM_BOUNDS];
extern const volatile __u64 http_bounds_ns[HISTOGRAM_BOUNDS];
extern const volatile __u32 encode_head_offset; /* in hyper's Encode: the pointer to the head */
extern const volatile __u32 head_status_offset; /* in that head: the status code */
extern const volatile bool emit_spans;

/* enum activation, raised by user space. */
extern __u32 activation;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct thread);
} threads __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct task);
} tasks __weak SEC(".maps");

/* Address of a task's vtable -> enum task_kind, filled from the plan. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} vtables __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct http_connection);
} http_connections __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, struct http_key);
	__type(value, struct histogram_counts);
} http_series __weak SEC(".maps");

/* Hash of a route template -> its text. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct route_text);
} routes __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_totals);
} task_totals __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct http_totals);
} http_totals __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct memory_peak);
} memory_peak __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HOOK_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} hook_hits __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSS_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} losses __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CHECK_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} checks __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records __weak SEC(".maps");

/* Zeroed values to start a map's entry with: they are too large for a program's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct thread);
} new_thread __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct http_connection);
} new_connection __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct histogram_counts);
} new_histogram __weak SEC(".maps");

#endif
