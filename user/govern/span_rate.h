/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_SPAN_RATE_H
#define SCOTTYSCOPE_GOVERN_SPAN_RATE_H

/* Keeps the spans that begin in a second within a limit, by keeping a share of the traces only: each span
 * takes its time to be read, encoded and sent, and a collector has limits, too. */

#include <stdint.h>

#define SPAN_RATE_PERIOD_NS UINT64_C(1000000000)

struct span_rate {
	uint64_t limit;	   /* spans a second; 0: none */
	double share;	   /* of the traces that are to be kept; 1: all */
	uint64_t start_ns; /* of the period in progress, and how many spans there were before it */
	uint64_t spans;
};

/* A period begins. `spans` are those that have begun so far, whether kept or not. */
void span_rate__begin(struct span_rate *rate, uint64_t spans, uint64_t now_ns);

/* It ends, which decides on the share for the next one; that begins. */
void span_rate__end(struct span_rate *rate, uint64_t spans, uint64_t now_ns);

#endif
