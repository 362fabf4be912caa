/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SCOTTY_MAPS_BPF_H
#define SCOTTYSCOPE_SCOTTY_MAPS_BPF_H

#include "core/settings.bpf.h"

/* Address of a task's header -> the session that the task is. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct task_session);
} sessions __weak SEC(".maps");

/* Zeroed initial value: too large for a program's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_session);
} new_session __weak SEC(".maps");

/* By role. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ROLE_COUNT);
	__type(key, __u32);
	__type(value, struct session_totals);
} session_totals __weak SEC(".maps");

/* Hash of an application's name -> its last inspection. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct app);
} apps __weak SEC(".maps");

/* The latest checks, by the low bits of their number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, APP_CHECK_SLOTS);
	__type(key, __u32);
	__type(value, struct app_check);
} app_checks __weak SEC(".maps");

/* Address of a task's header -> the inspection that the task runs. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct app_inspection);
} app_inspections __weak SEC(".maps");

/* Durations of OAuth token validations. */
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

/* Number of the latest check of all applications; 0: none yet. */
__weak __u64 app_checks_started;

/* Number of sessions of each OAuth flow as last recorded, plus 1; 0: not recorded yet. */
__weak __u64 oauth_sessions[OAUTH_FLOW_COUNT];

#endif
