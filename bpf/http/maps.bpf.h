/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_MAPS_BPF_H
#define SCOTTYSCOPE_HTTP_MAPS_BPF_H

#include "core/settings.bpf.h"

/* Key of a connection -> the connection. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct http_connection);
} http_connections __weak SEC(".maps");

/* Key of a connection -> the tracestate of its current request. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct trace_state);
} trace_states __weak SEC(".maps");

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

/* Zeroed initial values: too large for a program's stack. */
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
	__type(value, struct trace_state);
} new_trace_state __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct histogram_counts);
} new_histogram __weak SEC(".maps");

/* Number of successive responses whose status in memory equalled the written one; AGREEMENTS_NEVER
 * and above after a difference. User space reads it. */
__weak __u64 status_agreements;

#endif
