/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_TRACES_H
#define SCOTTYSCOPE_PROBE_TRACES_H

/* How many traces are kept of those that are sampled. */

#include "probe/probe.h"

/* From now on keeps that share of the traces that begin: 1 is all. */
void probe__set_trace_ratio(struct probe *probe, double share);

/* Spans that have begun so far in sampled traces, whether these were kept or left out. */
int probe__count_spans(struct probe *probe, uint64_t *ret_spans, struct error *error);

#endif
