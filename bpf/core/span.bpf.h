/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TRACE_BPF_H
#define SCOTTYSCOPE_TRACE_BPF_H

/* Spans from their start on: ids, parents, and whether they are exported are settled then, so that
 * what a task spawns can inherit them, and that a span needs one record only, at its end. */

#include "tokio/current.bpf.h"

/* 64 random bits, never all 0 (W3C Trace Context 3.2.2). */
static __always_inline __u64 random_id(void)
{
	__u64 id = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();

	return id ? id : 1;
}

/* Decides by the trace's id, so that every process that asks decides the same (OpenTelemetry
 * specification, TraceIdRatioBased). */
static __always_inline bool sampled_by_id(const struct trace_context *context)
{
	__u64 low;

	__builtin_memcpy(&low, context->trace_id + 8, sizeof(low));
	return __builtin_bswap64(low) >> 1 < sampler_threshold;
}

/* Whether a sampled trace is kept where there are more than are to be. By the trace's id too, but not by
 * the bits as they are: what a sampler here or at the caller's has left, they may be alike in. */
static __always_inline bool is_kept(const struct trace_context *context)
{
	__u64 threshold = kept_traces_threshold, low;

	__builtin_memcpy(&low, context->trace_id + 8, sizeof(low));
	return !threshold || low * 0x9e3779b97f4a7c15ULL < threshold;
}

/* Begins a span at `start_ns` below `parent`, which may be NULL or not present: then it is the root
 * of a new trace. `task`'s times so far are noted; it may be NULL. */
static __always_inline void start_span(struct span_state *span, __u64 start_ns,
				       const struct trace_context *parent, const struct task *task)
{
	struct trace_context *context = &span->context;
	__u64 id = 0, low;
	bool is_local, sampled;

	span->start_ns = start_ns;
	span->slow_count = 0;
	span->busy_ns = task ? task->busy_ns : 0;
	span->waiting_ns = task ? task->waiting_ns : 0;
	if (!emit_spans)
		return;
	is_local =
		parent && (parent->flags & (CONTEXT_PRESENT | CONTEXT_REMOTE)) == CONTEXT_PRESENT;
	if (parent && parent->flags & CONTEXT_PRESENT) {
		__builtin_memcpy(context->trace_id, parent->trace_id, sizeof(context->trace_id));
		__builtin_memcpy(span->parent_span_id, parent->span_id, sizeof(parent->span_id));
		sampled = is_local || sampler_parent_based ? parent->flags & CONTEXT_SAMPLED
							   : sampled_by_id(context);
		context->flags = CONTEXT_PRESENT | (parent->flags & CONTEXT_REMOTE);
	} else {
		low = random_id();
		id = random_id();
		__builtin_memcpy(context->trace_id, &id, sizeof(id));
		__builtin_memcpy(context->trace_id + 8, &low, sizeof(low));
		id = 0;
		__builtin_memcpy(span->parent_span_id, &id, sizeof(id));
		sampled = sampled_by_id(context);
		context->flags = CONTEXT_PRESENT;
	}
	/* What this process has begun is whole. */
	if (sampled && !is_local && !is_kept(context)) {
		count_event(EVENT_SPANS_LEFT_OUT);
		sampled = false;
	}
	if (sampled) {
		context->flags |= CONTEXT_SAMPLED;
		count_event(EVENT_SPANS_STARTED);
	}
	id = random_id();
	__builtin_memcpy(context->span_id, &id, sizeof(id));
}

/* Leaves in a span that ends what of `task`'s times was its own; `in_poll_ns` is the part of the poll in
 * progress. They are known only if polls were watched from its start on. */
static __always_inline void end_span_times(struct span_state *span, const struct task *task,
					   __u64 in_poll_ns)
{
	if (!task || span->busy_ns == TIMES_UNKNOWN || !polls_may_start() ||
	    span->start_ns < polls_since_ns) {
		span->busy_ns = span->waiting_ns = TIMES_UNKNOWN;
		return;
	}
	span->busy_ns = task->busy_ns + in_poll_ns - span->busy_ns;
	span->waiting_ns = wakes_are_seen ? task->waiting_ns - span->waiting_ns : TIMES_UNKNOWN;
}

/* What is handed down to a task that is spawned within a span. */
static __always_inline void inherit(struct trace_context *child, const struct trace_context *parent)
{
	*child = *parent;
	child->flags &= ~(__u32)CONTEXT_REMOTE;
}

/* Whether the span that ends at `end_ns` is sent. One that began too long ago is given up: the rest of
 * its trace is not where traces are looked for any more. */
static __always_inline bool ends_exported(const struct span_state *span, __u64 end_ns)
{
	if (!emit_spans || !(span->context.flags & CONTEXT_SAMPLED))
		return false;
	count_event(EVENT_SPANS_ENDED);
	if (end_ns > span->start_ns && end_ns - span->start_ns > span_age_limit_ns) {
		lose(LOSS_SPAN_TOO_OLD);
		return false;
	}
	return true;
}

/* Keeps the first slow polls of a span. */
static __always_inline void note_slow_poll(struct span_state *span, __u64 start_ns,
					   __u64 duration_ns)
{
	__u64 index = span->slow_count++;

	if (index < SLOW_POLL_LIMIT) {
		span->slow[index & (SLOW_POLL_LIMIT - 1)].start_ns = start_ns;
		span->slow[index & (SLOW_POLL_LIMIT - 1)].duration_ns = duration_ns;
	}
}

/* A record's flags for submitting: user space drains the ring by its own clock and is woken only when
 * it fills. */
static __always_inline __u64 wake_up_flags(void)
{
	return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) * 2 >
			       bpf_ringbuf_query(&records, BPF_RB_RING_SIZE)
		       ? BPF_RB_FORCE_WAKEUP
		       : BPF_RB_NO_WAKEUP;
}

#endif
