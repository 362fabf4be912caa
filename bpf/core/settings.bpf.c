// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Where the settings and variables that maps.bpf.h declares live. */

#include "core/maps.bpf.h"

const volatile __u32 target_tgid = 0;
const volatile __u64 pid_namespace_device = 0;
const volatile __u64 pid_namespace_inode = 0;
const volatile __u64 slow_poll_ns = 0;
const volatile __u64 poll_bounds_ns[HISTOGRAM_BOUNDS] = {};
const volatile __u64 http_bounds_ns[HISTOGRAM_BOUNDS] = {};
const volatile __u64 session_bounds_ns[HISTOGRAM_BOUNDS] = {};
const volatile __u32 encode_head_offset = 0;
const volatile __u32 head_status_offset = 0;
const volatile __u32 frame_payload_offset = 0;
const volatile __u32 frame_head_offset = 0;
const volatile bool emit_spans = false;
const volatile __u64 span_age_limit_ns = 0;
const volatile bool sampler_parent_based = false;
const volatile __u64 sampler_threshold = 0;
const volatile bool messages_by_frame = false;
const volatile bool wakes_are_seen = false;
const volatile __s64 context_offset = 0;
const volatile __u32 app_status_offset = 0;
const volatile __u32 app_result_register = 0;
const volatile bool never = false;

__u32 activation = ACTIVE_NONE;

__u64 kept_traces_threshold = 0;

__u64 polls_since_ns = 0;
bool polls_are_ending = false;
bool polls_in_turns = false;

__u32 task_id_misses = 0;
bool task_id_differs = false;
__u32 task_id_place = 0;
__u64 task_id_looks = 0;

__u64 status_agreements = 0;
__u64 app_checks_begun = 0;
__u64 oauth_sessions[OAUTH_FLOW_COUNT] = {};

__u64 resident_bytes[MEMBER_COUNT] = {};
__u32 target_mm_id = 0;

char _license[] SEC("license") = "Dual BSD/GPL";
