/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_TRACE_LIMITER_H
#define SCOTTYSCOPE_GOVERN_TRACE_LIMITER_H

/* Keeps the number of spans per second below --max-span-rate by the ratio of traces that are kept:
 * each span costs time to read, encode and send, and a collector has limits, too. Whole traces are
 * dropped by trace id. */

#include <stdbool.h>
#include <stdint.h>

#define TRACE_LIMITER_PERIOD_NS UINT64_C(1000000000)

struct trace_limiter {
	uint64_t limit;		    /* spans per second; 0: none */
	double ratio;		    /* of the traces that are kept; 1: all */
	uint64_t start_ns;	    /* of the period in progress, monotonic */
	uint64_t spans;		    /* started before the period */
	bool is_reached;	    /* and has been logged */
	unsigned int periods_below; /* since then, in a row */
};

/* Begins the first period. */
void trace_limiter__init(struct trace_limiter *limiter, uint64_t limit, uint64_t now_ns);

/* Whether the period is over. */
bool trace_limiter__is_due(const struct trace_limiter *limiter, uint64_t now_ns);

/* Ends the period: sets the ratio for the next one and begins it. `spans` counts all spans that have
 * started so far in sampled traces, dropped ones included. Logs when the limit is reached, and once
 * when traces have not been dropped for ten periods. */
void trace_limiter__end_period(struct trace_limiter *limiter, uint64_t spans, uint64_t now_ns);

#endif
