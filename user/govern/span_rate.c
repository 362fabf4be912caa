// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/span_rate.h"

void span_rate__begin(struct span_rate *rate, uint64_t spans, uint64_t now_ns)
{
	rate->start_ns = now_ns;
	rate->spans = spans;
}

void span_rate__end(struct span_rate *rate, uint64_t spans, uint64_t now_ns)
{
	double periods = (double)(now_ns - rate->start_ns) / (double)SPAN_RATE_PERIOD_NS;
	double allowed = periods * (double)rate->limit;
	double begun = (double)(spans - rate->spans);

	rate->share = rate->limit && begun > allowed ? allowed / begun : 1;
	span_rate__begin(rate, spans, now_ns);
}
