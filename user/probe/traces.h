/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_TRACES_H
#define SCOTTYSCOPE_PROBE_TRACES_H

/* The ratio of sampled traces that the rate limit keeps. */

#include "probe/probe.h"

/* Sets the ratio of new traces to keep: 1 keeps all. */
void probe__set_trace_ratio(struct probe *probe, double ratio);

/* Reads the number of spans started in sampled traces, including the spans that the rate limit
 * dropped. */
int probe__count_spans(struct probe *probe, uint64_t *ret_spans, struct error *error);

#endif
