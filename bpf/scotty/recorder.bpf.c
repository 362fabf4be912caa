// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Calls of Scotty's own metrics recorder for OAuth and rate limits, in builds that have the
 * recorder. The first argument of its functions is the recorder. */

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "scotty/maps.bpf.h"

#define NSEC_PER_SEC	  1000000000ULL
#define VALIDATION_MAX_NS (3600 * NSEC_PER_SEC)

SEC("uprobe")
int on_oauth_device_flow(struct pt_regs *ctx)
{
	(void)ctx;
	if (admit(HOOK_OAUTH_DEVICE_FLOW, ACTIVE_ALL))
		count_event(EVENT_OAUTH_DEVICE_FLOWS);
	return 0;
}

SEC("uprobe")
int on_oauth_web_flow(struct pt_regs *ctx)
{
	(void)ctx;
	if (admit(HOOK_OAUTH_WEB_FLOW, ACTIVE_ALL))
		count_event(EVENT_OAUTH_WEB_FLOWS);
	return 0;
}

SEC("uprobe")
int on_oauth_flow_failure(struct pt_regs *ctx)
{
	(void)ctx;
	if (admit(HOOK_OAUTH_FLOW_FAILURE, ACTIVE_ALL))
		count_event(EVENT_OAUTH_FLOW_FAILURES);
	return 0;
}

/* (count: usize) */
SEC("uprobe")
int on_oauth_expired(struct pt_regs *ctx)
{
	if (admit(HOOK_OAUTH_EXPIRED, ACTIVE_ALL))
		count_events(EVENT_OAUTH_EXPIRED, read_argument(ctx, ARGUMENT_RECORDED));
	return 0;
}

/* (count: u64) */
SEC("uprobe")
int on_oauth_device_sessions(struct pt_regs *ctx)
{
	if (admit(HOOK_OAUTH_DEVICE_SESSIONS, ACTIVE_ALL))
		oauth_sessions[OAUTH_DEVICE] = read_argument(ctx, ARGUMENT_RECORDED) + 1;
	return 0;
}

/* (count: u64) */
SEC("uprobe")
int on_oauth_web_sessions(struct pt_regs *ctx)
{
	if (admit(HOOK_OAUTH_WEB_SESSIONS, ACTIVE_ALL))
		oauth_sessions[OAUTH_WEB] = read_argument(ctx, ARGUMENT_RECORDED) + 1;
	return 0;
}

/* (start: Instant, failed: bool). An Instant is a timespec of CLOCK_MONOTONIC, the clock of
 * bpf_ktime_get_ns() (library/std/src/sys/time/unix.rs), in two registers. */
SEC("uprobe")
int on_oauth_validation(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns(),
	      seconds = read_argument(ctx, ARGUMENT_VALIDATION_SECONDS);
	__u32 nanoseconds = (__u32)read_argument(ctx, ARGUMENT_VALIDATION_NANOSECONDS), zero = 0;
	struct histogram_counts *durations;
	__u64 duration_ns;

	if (!admit(HOOK_OAUTH_VALIDATION, ACTIVE_ALL))
		return 0;
	count_event(EVENT_OAUTH_VALIDATIONS);
	if ((__u8)read_argument(ctx, ARGUMENT_VALIDATION_FAILED))
		count_event(EVENT_OAUTH_VALIDATION_FAILURES);
	duration_ns = now_ns - (seconds * NSEC_PER_SEC + nanoseconds);
	durations = bpf_map_lookup_elem(&validations, &zero);
	/* A target in another time namespace has another monotonic clock. */
	if (!durations || nanoseconds >= NSEC_PER_SEC || duration_ns > VALIDATION_MAX_NS)
		count_drop(DROP_INSTANT_STRANGE);
	else
		observe(durations, duration_ns, settings.http_bounds_ns);
	return 0;
}

SEC("uprobe")
int on_rate_limit_error(struct pt_regs *ctx)
{
	(void)ctx;
	if (admit(HOOK_RATE_LIMIT_ERROR, ACTIVE_ALL))
		count_event(EVENT_RATE_LIMIT_ERRORS);
	return 0;
}

/* Whether the key has a tier's name. Scotty has "public_auth", "oauth", "authenticated". */
static __always_inline bool is_tier(const struct rate_limit_key *key)
{
	return key->tier[0] >= 'A' && key->tier[0] <= 'z';
}

/* (tier: &str) */
static __always_inline void count_rate_limit(struct pt_regs *ctx, __u32 is_denied)
{
	__u64 length = read_argument(ctx, ARGUMENT_TIER_LENGTH);
	struct rate_limit_key key = {.is_denied = is_denied};
	__u64 one = 1, *count;

	if (!length || length > TIER_BYTES - 1 ||
	    bpf_probe_read_user(key.tier, length & (TIER_BYTES - 1),
				(void *)read_argument(ctx, ARGUMENT_TIER)) ||
	    !is_tier(&key)) {
		count_drop(DROP_TIER_STRANGE);
		return;
	}
	count = bpf_map_lookup_elem(&rate_limits, &key);
	if (!count && bpf_map_update_elem(&rate_limits, &key, &one, BPF_NOEXIST) == 0)
		return;
	/* Another thread may insert the tier at the same time. */
	count = bpf_map_lookup_elem(&rate_limits, &key);
	if (count)
		add(count, 1);
	else
		count_drop(DROP_SERIES_FULL);
}

SEC("uprobe")
int on_rate_limit_allowed(struct pt_regs *ctx)
{
	if (admit(HOOK_RATE_LIMIT_ALLOWED, ACTIVE_ALL))
		count_rate_limit(ctx, 0);
	return 0;
}

SEC("uprobe")
int on_rate_limit_denied(struct pt_regs *ctx)
{
	if (admit(HOOK_RATE_LIMIT_DENIED, ACTIVE_ALL))
		count_rate_limit(ctx, 1);
	return 0;
}
