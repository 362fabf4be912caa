/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COMMAND_TRACE_LIMIT_H
#define SCOTTYSCOPE_COMMAND_TRACE_LIMIT_H

/* Sees to it that spans stay within --max-span-rate. */

#include <stdbool.h>

#include "base/error.h"
#include "govern/span_rate.h"
#include "probe/probe.h"

struct trace_limit {
	struct probe *probe;
	struct span_rate rate;
	bool is_reached;	    /* which was said */
	unsigned int periods_below; /* since it was, in a row */
};

/* `limit` is in spans a second; 0: none. */
void trace_limit__init(struct trace_limit *limit, struct probe *probe, uint64_t spans_per_second);

/* To be called several times a second: once a second it decides on the next one. */
int trace_limit__settle(struct trace_limit *limit, struct error *error);

#endif
