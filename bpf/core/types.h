/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CORE_TYPES_H
#define SCOTTYSCOPE_CORE_TYPES_H

/* Types that every library uses: histograms, trace contexts and spans. Both sides compile this
 * file. Fixed-width fields, no holes. */

#include <linux/types.h>

/* A histogram of nanoseconds. Bucket i counts values <= bounds[i]; the bucket after the last bound
 * counts the rest. */
#define HISTOGRAM_BOUNDS 24

struct histogram_counts {
	__u64 sum_ns;
	__u64 buckets[HISTOGRAM_BOUNDS + 1];
};
_Static_assert(sizeof(struct histogram_counts) == 208, "histogram_counts");

/* A trace id and the current span in the trace (W3C Trace Context level 1). */
#define TRACE_CONTEXT_PRESENT 1
#define TRACE_CONTEXT_SAMPLED 2 /* the span is exported */
#define TRACE_CONTEXT_REMOTE  4 /* the parent span belongs to another process */

struct trace_context {
	__u8 trace_id[16];
	__u8 span_id[8];
	__u32 flags;
	__u32 reserved;
};
_Static_assert(sizeof(struct trace_context) == 32, "trace_context");

#define SLOW_POLL_LIMIT 4

struct slow_poll {
	__u64 start_ns;
	__u64 duration_ns;
};

#define TIMES_UNKNOWN (~(__u64)0)

struct span_state {
	struct trace_context context; /* of this span */
	__u8 parent_span_id[8];	      /* all zero: root span */
	__u64 start_ns;
	/* While the span is open: the task's busy time at the start of the span. After its end: the
	 * busy time within the span. TIMES_UNKNOWN: poll probes were detached during a part of the
	 * span. */
	__u64 busy_ns;
	__u64 runq_ns; /* as busy_ns, for the run queue; TIMES_UNKNOWN also without wake-up hooks */
	__u64 slow_count;
	struct slow_poll slow[SLOW_POLL_LIMIT]; /* the first slow polls */
};
_Static_assert(sizeof(struct span_state) == 72 + 16 * SLOW_POLL_LIMIT, "span_state");

/* The ends of a connection: the peer's address and port, and the local port. */
struct socket_address {
	__u16 family;	  /* AF_INET, AF_INET6, AF_UNIX; 0: unknown */
	__u16 port;	  /* host byte order */
	__u8 address[16]; /* AF_INET: the first four bytes */
	__u16 local_port; /* host byte order */
	__u16 reserved;
};
_Static_assert(sizeof(struct socket_address) == 24, "socket_address");

#endif
