// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/drop_log.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "self/drop_watch.h"

#define CHECK_INTERVAL_NS NS_PER_S

struct drop_log {
	struct observation *observation;
	const struct self_counters *counters;
	struct error *error;
	struct drop_watch watch;
	struct snapshot snapshot; /* the counts of dropped data only */
};

static void warn(void *context, const char *cause, const char *what, uint64_t count)
{
	(void)context;
	log_warning("dropped %llu %s (cause \"%s\" of scottyscope_lost_total; this is the only "
		    "message about it for now)",
		    (unsigned long long)count, what, cause);
}

static int on_check(void *context)
{
	struct drop_log *log = context;
	int r = observation__read_drops(log->observation, &log->snapshot, log->error);

	if (r < 0)
		return r;
	drop_watch__check(&log->watch, &log->snapshot, log->counters, clock_monotonic_ns(), warn,
			  NULL);
	return 0;
}

int drop_log__start(struct observation *observation, const struct self_counters *counters,
		    struct loop *loop, struct drop_log **ret_log, struct error *error)
{
	_cleanup_(drop_log__freep) struct drop_log *log = calloc(1, sizeof(*log));
	int r;

	if (!log)
		return error_out_of_memory(error);
	log->observation = observation;
	log->counters = counters;
	log->error = error;
	r = loop__add_timer(loop, CHECK_INTERVAL_NS, CHECK_INTERVAL_NS, on_check, log, NULL, error);
	if (r < 0)
		return r;
	*ret_log = TAKE_PTR(log);
	return 0;
}

void drop_log__free(struct drop_log *log)
{
	free(log);
}
