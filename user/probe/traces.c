// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/traces.h"

#include "probe/internal.h"

void probe__set_trace_ratio(struct probe *probe, double ratio)
{
	/* A threshold of 0 keeps all traces. */
	uint64_t threshold = ratio < 1 ? (uint64_t)(ratio * 0x1p64) | 1 : 0;

	__atomic_store_n(&probe->skeleton->bss->trace_limit_threshold, threshold, __ATOMIC_RELAXED);
}

int probe__count_spans(struct probe *probe, uint64_t *ret_spans, struct error *error)
{
	struct counters counters;
	int r = probe__read_counters(probe, &counters, error);

	if (r < 0)
		return r;
	*ret_spans =
		counters.events[EVENT_SPANS_STARTED] + counters.events[EVENT_SPANS_SAMPLED_OUT];
	return 0;
}
