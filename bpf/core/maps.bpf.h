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
extern const volatile __u64 session_bounds_ns[HISTOGRAM_BOUNDS];
extern const volatile __u32 encode_head_offset;	  /* in hyper's Encode: the pointer to the head */
extern const volatile __u32 head_status_offset;	  /* in that head: the status code */
extern const volatile __u32 frame_payload_offset; /* in tungstenite's Frame: pointer and length */
extern const volatile __u32 frame_head_offset;	  /* in that frame: FIN, reserved bits, opcode */
extern const volatile bool emit_spans;
extern const volatile __u64 span_age_limit_ns;	 /* older ones are given up at their end */
extern const volatile bool sampler_parent_based; /* a remote parent's decision counts */
/* A trace is sampled where bits 1 to 63 of its id's last eight bytes are below this. */
extern const volatile __u64 sampler_threshold;
/* Of the traces that would be, those are kept whose ids' hashes are below this; 0: all. */
extern __u64 kept_traces_threshold;
/* Messages to clients are looked at where their frames are written, not where they are queued. */
extern const volatile bool messages_by_frame;
extern const volatile bool wakes_are_seen;

/* Where tokio's context is, from the thread pointer; 0: not known. */
extern const volatile __s64 context_offset;

extern const volatile __u32 app_status_offset;	 /* in AppData; 0: not known */
extern const volatile __u32 app_result_register; /* that has its address, by DWARF's number */
extern const volatile bool never;

/* Checks of all applications: the number of the latest. */
extern __u64 app_checks_begun;
/* As last recorded, plus 1. */
extern __u64 oauth_sessions[OAUTH_FLOW_COUNT];

/* How often in a row a response's status in memory was what was written. */
extern __u64 status_agreements;

/* enum activation, raised by user space. */
extern __u32 activation;

/* Since when polls are watched, by user space; 0: they are not. While `polls_are_ending`, those that
 * were seen to start are seen to end, and no others. */
extern __u64 polls_since_ns;
extern bool polls_are_ending;
/* Set by user space before polls are not watched for the first time. */
extern bool polls_in_turns;

/* Words of tokio's context, as bits: those that in so many looks did not always hold the polled task's
 * id; and the one that user space made out to hold it, plus 1, or 0 for none. */
extern __u32 task_id_misses;
extern bool task_id_differs; /* it did not, once: never again */
extern __u32 task_id_place;
extern __u64 task_id_looks;

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

/* A task's id -> the address of its header. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} task_headers __weak SEC(".maps");

/* Address of a task's vtable -> its kind, filled from the plan. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct task_kind);
} vtables __weak SEC(".maps");

/* Address of a task's header -> the session that the task is. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct task_session);
} sessions __weak SEC(".maps");

/* Address of a connection's task's header -> the tracestate of its current request. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct trace_state);
} trace_states __weak SEC(".maps");

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

/* By kind of task. */
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

/* By role. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ROLE_COUNT);
	__type(key, __u32);
	__type(value, struct session_totals);
} session_totals __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct memory_peak);
} memory_peak __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records __weak SEC(".maps");

/* Hash of an application's name -> what is known of it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct app);
} apps __weak SEC(".maps");

/* The last checks, by the end of their number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, APP_CHECK_SLOTS);
	__type(key, __u32);
	__type(value, struct app_check);
} app_checks __weak SEC(".maps");

/* Address of a task's header -> what it inspects. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct app_inspection);
} app_inspections __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct histogram_counts);
} validations __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32);
	__type(key, struct rate_limit_key);
	__type(value, __u64);
} rate_limits __weak SEC(".maps");

/* Thread -> the cleanup in progress on it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct oauth_cleanup);
} oauth_cleanups __weak SEC(".maps");

/* Empty for ever: see keep_own_stack(). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} no_programs __weak SEC(".maps");

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
	__type(value, struct task_session);
} new_session __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_state);
} new_trace_state __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct histogram_counts);
} new_histogram __weak SEC(".maps");

#endif
