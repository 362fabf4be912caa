/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_DROP_LOG_H
#define SCOTTYSCOPE_AGENT_DROP_LOG_H

/* Warnings about dropped data while the tool runs: one at the first drop of each cause, and again
 * after a long time without one. The sums are logged at the end of the run. */

#include "agent/observation.h"
#include "base/loop.h"
#include "self/self.h"

struct drop_log;

/* Checks the counts every second in `loop`, which must outlive the log, as must the observation and
 * `counters`. `error` is filled when a check ends the loop. */
int drop_log__start(struct observation *observation, const struct self_counters *counters,
		    struct loop *loop, struct drop_log **ret_log, struct error *error);
void drop_log__free(struct drop_log *log);

static inline void drop_log__freep(struct drop_log **log)
{
	drop_log__free(*log);
}

#endif
