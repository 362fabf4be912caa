/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_BPF_H
#define SCOTTYSCOPE_SPAN_BPF_H

/* Spans. Ids, parent and the sampling decision are fixed at the start of a span: tasks that are
 * spawned within it inherit them, and the span needs one record only, at its end. */

#include "core/counters.bpf.h"
#include "core/span_limit.h"

/* 64 random bits, not all 0 (W3C Trace Context 3.2.2). */
static __always_inline __u64 random_id(void)
{
	__u64 id = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();

	return id ? id : 1;
}

/* The decision by trace id: the same in every process (OpenTelemetry specification,
 * TraceIdRatioBased). */
static __always_inline bool sampled_by_id(const struct trace_context *context)
{
	__u64 low;

	__builtin_memcpy(&low, context->trace_id + 8, sizeof(low));
	return __builtin_bswap64(low) >> 1 < settings.sampler_threshold;
}

/* Whether a sampled trace is within the rate limit: below the ratio that user space sets for each
 * second, which is the same for all requests of a trace, and within the bucket, which limits bursts
 * from the first span on. Hashes the trace id: after a ratio sampler, here or at the caller, the ids
 * of the sampled traces are similar in the bits that the sampler compared. */
static __always_inline bool is_within_trace_limit(const struct trace_context *context, __u64 now_ns)
{
	__u64 threshold = trace_limit_threshold, low, hash;

	__builtin_memcpy(&low, context->trace_id + 8, sizeof(low));
	hash = low * 0x9e3779b97f4a7c15ULL;
	if (threshold && hash >= threshold)
		return false;
	return !settings.span_limit.interval_ns ||
	       hash < span_limit_threshold(&settings.span_limit, span_clock_ns, now_ns);
}

/* Accounts for a span. The two writers of the clock may race while the clock follows the time: the
 * bucket then has a few spans more. Above the limit the clock is ahead, and only the atomic addition
 * writes. Both are rare: only spans within the limit advance the clock. */
static __always_inline void take_span(__u64 now_ns)
{
	if (!settings.span_limit.interval_ns)
		return;
	if (span_clock_ns < now_ns)
		span_clock_ns = now_ns;
	add(&span_clock_ns, settings.span_limit.interval_ns);
}

/* Starts a span at `start_ns` below `parent`. If `parent` is NULL or not present, the span is the
 * root of a new trace. Stores the times of `task` so far, which may be NULL. */
static __always_inline void start_span(struct span_state *span, __u64 start_ns,
				       const struct trace_context *parent, const struct task *task)
{
	struct trace_context *context = &span->context;
	__u64 id = 0, low;
	bool is_local, sampled;

	span->start_ns = start_ns;
	span->slow_count = 0;
	span->busy_ns = task ? task->busy_ns : 0;
	span->runq_ns = task ? task->runq_ns : 0;
	if (!settings.emit_spans)
		return;
	is_local = parent && (parent->flags & (TRACE_CONTEXT_PRESENT | TRACE_CONTEXT_REMOTE)) ==
				     TRACE_CONTEXT_PRESENT;
	if (parent && parent->flags & TRACE_CONTEXT_PRESENT) {
		__builtin_memcpy(context->trace_id, parent->trace_id, sizeof(context->trace_id));
		__builtin_memcpy(span->parent_span_id, parent->span_id, sizeof(parent->span_id));
		sampled = is_local || settings.sampler_parent_based
				  ? parent->flags & TRACE_CONTEXT_SAMPLED
				  : sampled_by_id(context);
		context->flags = TRACE_CONTEXT_PRESENT | (parent->flags & TRACE_CONTEXT_REMOTE);
	} else {
		low = random_id();
		id = random_id();
		__builtin_memcpy(context->trace_id, &id, sizeof(id));
		__builtin_memcpy(context->trace_id + 8, &low, sizeof(low));
		id = 0;
		__builtin_memcpy(span->parent_span_id, &id, sizeof(id));
		sampled = sampled_by_id(context);
		context->flags = TRACE_CONTEXT_PRESENT;
	}
	/* The limit applies to the first span of this process only, so that traces stay
	 * complete. */
	if (sampled && !is_local && !is_within_trace_limit(context, start_ns)) {
		count_event(EVENT_SPANS_SAMPLED_OUT);
		sampled = false;
	}
	if (sampled) {
		context->flags |= TRACE_CONTEXT_SAMPLED;
		take_span(start_ns);
		count_event(EVENT_SPANS_STARTED);
	}
	id = random_id();
	__builtin_memcpy(context->span_id, &id, sizeof(id));
}

/* Replaces the task's times at the start of the span by the times within the span. `in_poll_ns` is
 * the elapsed time of the poll in progress. The times are known only if poll probes were attached
 * during the whole span. */
static __always_inline void end_span_times(struct span_state *span, const struct task *task,
					   __u64 in_poll_ns)
{
	if (!task || span->busy_ns == TIMES_UNKNOWN || !polls_may_start() ||
	    span->start_ns < poll_epoch_ns) {
		span->busy_ns = span->runq_ns = TIMES_UNKNOWN;
		return;
	}
	span->busy_ns = task->busy_ns + in_poll_ns - span->busy_ns;
	span->runq_ns = settings.wakes_are_observed ? task->runq_ns - span->runq_ns : TIMES_UNKNOWN;
}

/* Sets the context of a task that is spawned within a span. */
static __always_inline void inherit(struct trace_context *child, const struct trace_context *parent)
{
	*child = *parent;
	child->flags &= ~(__u32)TRACE_CONTEXT_REMOTE;
}

/* Whether the span that ends at `end_ns` is exported. A span above the age limit is dropped: back
 * ends no longer have the rest of its trace. */
static __always_inline bool is_exported(const struct span_state *span, __u64 end_ns)
{
	if (!settings.emit_spans || !(span->context.flags & TRACE_CONTEXT_SAMPLED))
		return false;
	count_event(EVENT_SPANS_ENDED);
	if (end_ns > span->start_ns && end_ns - span->start_ns > settings.span_age_limit_ns) {
		count_drop(DROP_SPAN_TOO_OLD);
		return false;
	}
	return true;
}

/* Counts a slow poll of a span and stores the first SLOW_POLL_LIMIT ones. */
static __always_inline void add_slow_poll(struct span_state *span, __u64 start_ns,
					  __u64 duration_ns)
{
	__u64 index = span->slow_count++;

	if (index < SLOW_POLL_LIMIT) {
		span->slow[index & (SLOW_POLL_LIMIT - 1)].start_ns = start_ns;
		span->slow[index & (SLOW_POLL_LIMIT - 1)].duration_ns = duration_ns;
	}
}

/* Flags to submit a record with. User space drains the ring periodically; a wake-up is needed only
 * if the ring is more than half full. */
static __always_inline __u64 submit_flags(void)
{
	return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) * 2 >
			       bpf_ringbuf_query(&records, BPF_RB_RING_SIZE)
		       ? BPF_RB_FORCE_WAKEUP
		       : BPF_RB_NO_WAKEUP;
}

#endif
