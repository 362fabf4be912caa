// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/trace_limiter.h"

#include "base/log.h"

/* The limit is unlikely to be reached again soon after this many periods below it. */
#define CALM_PERIODS 10

void trace_limiter__init(struct trace_limiter *limiter, uint64_t limit, uint64_t now_ns)
{
	*limiter = (struct trace_limiter){.limit = limit, .ratio = 1, .start_ns = now_ns};
}

bool trace_limiter__is_due(const struct trace_limiter *limiter, uint64_t now_ns)
{
	return limiter->limit && now_ns - limiter->start_ns >= TRACE_LIMITER_PERIOD_NS;
}

static void log_change(struct trace_limiter *limiter)
{
	if (limiter->ratio < 1) {
		if (!limiter->is_reached)
			log_info("keeping %.3g %% of traces (limit: %llu spans per second, "
				 "--max-span-rate); metrics are not affected",
				 100 * limiter->ratio, (unsigned long long)limiter->limit);
		limiter->is_reached = true;
		limiter->periods_below = 0;
	} else if (limiter->is_reached && ++limiter->periods_below == CALM_PERIODS) {
		log_info("keeping all traces again");
		limiter->is_reached = false;
	}
}

void trace_limiter__end_period(struct trace_limiter *limiter, uint64_t spans, uint64_t now_ns)
{
	double periods = (double)(now_ns - limiter->start_ns) / (double)TRACE_LIMITER_PERIOD_NS;
	double allowed = periods * (double)limiter->limit;
	double started = (double)(spans - limiter->spans);

	limiter->ratio = limiter->limit && started > allowed ? allowed / started : 1;
	limiter->start_ns = now_ns;
	limiter->spans = spans;
	log_change(limiter);
}
