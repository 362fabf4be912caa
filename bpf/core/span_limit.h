/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_LIMIT_H
#define SCOTTYSCOPE_SPAN_LIMIT_H

/* The limit of the span rate as a token bucket, in the form of a clock (generic cell rate algorithm,
 * ITU-T I.371): each span advances the clock by the interval of the rate, and the clock is never
 * behind the time. The lead of the clock is the number of spans that were taken out of the bucket.
 * Pure functions, which user space tests natively. */

#include <linux/types.h>

struct span_limit {
	__u64 interval_ns; /* between two spans at the limit; 0: no limit */
	__u64 burst_ns;	   /* the lead at which the bucket is empty */
	__u64 margin_ns;   /* the part of the bucket in which traces are sampled */
	__u64 slope;	   /* the highest number, divided by the margin */
};
_Static_assert(sizeof(struct span_limit) == 32, "span_limit");

/* Returns the number below which the hash of a trace id must be. A full bucket keeps all traces, an
 * empty one none. In the last part of the bucket, fewer and fewer hashes are below the number, so that
 * the decision is about traces, and the same for most requests of one trace. */
static inline __attribute__((always_inline)) __u64
span_limit_threshold(const volatile struct span_limit *limit, __u64 clock_ns, __u64 now_ns)
{
	__u64 lead_ns = clock_ns > now_ns ? clock_ns - now_ns : 0;
	__u64 left_ns = lead_ns < limit->burst_ns ? limit->burst_ns - lead_ns : 0;

	return left_ns >= limit->margin_ns ? ~(__u64)0 : left_ns * limit->slope;
}

#endif
