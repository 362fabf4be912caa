// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "command/trace_limit.h"

#include "base/clock.h"
#include "base/log.h"
#include "probe/traces.h"

/* After so many periods below the limit it is not expected to be reached again soon. */
#define CALM_PERIODS 10

void trace_limit__init(struct trace_limit *limit, struct probe *probe, uint64_t spans_per_second)
{
	*limit = (struct trace_limit){
		.probe = probe,
		.rate = {.limit = spans_per_second, .share = 1},
	};
	span_rate__begin(&limit->rate, 0, clock_monotonic_ns());
}

/* Says when the limit is reached, and when that is over: not each second. */
static void tell(struct trace_limit *limit)
{
	double share = limit->rate.share;

	if (share < 1) {
		if (!limit->is_reached)
			log_info("more than %llu spans begin in a second: of the traces some "
				 "%.3g %% are kept, as many as --max-span-rate allows",
				 (unsigned long long)limit->rate.limit, 100 * share);
		limit->is_reached = true;
		limit->periods_below = 0;
	} else if (limit->is_reached && ++limit->periods_below == CALM_PERIODS) {
		log_info("all traces are kept again");
		limit->is_reached = false;
	}
}

int trace_limit__settle(struct trace_limit *limit, struct error *error)
{
	uint64_t now_ns = clock_monotonic_ns(), spans;
	int r;

	if (!limit->rate.limit || now_ns - limit->rate.start_ns < SPAN_RATE_PERIOD_NS)
		return 0;
	r = probe__count_spans(limit->probe, &spans, error);
	if (r < 0)
		return r;
	span_rate__end(&limit->rate, spans, now_ns);
	probe__keep_traces(limit->probe, limit->rate.share);
	tell(limit);
	return 0;
}
