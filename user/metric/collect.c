// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/collect.h"

#include <errno.h>

#include "metric/collect_internal.h"

void metric_add_count(struct metric_set *set, enum metric_id id, uint64_t count)
{
	metric_set__add_integer(set, metric_describe(id), (int64_t)count);
}

/* Metrics that only a running target has. */
static void collect_live(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct snapshot_live *live = &snapshot->live;
	uint64_t rss_bytes = live->memory.rss_bytes;

	metric_add_count(set, METRIC_ID_MEMORY_RSS, rss_bytes);
	metric_add_count(set, METRIC_ID_MEMORY_VIRTUAL, live->memory.virtual_bytes);
	/* Without a change since the last read, the present value is the peak. */
	if (plan__has(snapshot->plan, INSTR_MEMORY_PEAK))
		metric_add_count(set, METRIC_ID_MEMORY_RSS_PEAK,
				 live->peak_rss_bytes > rss_bytes ? live->peak_rss_bytes
								  : rss_bytes);
	if (plan__has(snapshot->plan, INSTR_TOKIO_TASKS))
		metric_collect_tasks_alive(set, snapshot);
	metric_collect_runtimes_live(set, snapshot);
	if (live->workers >= 0)
		metric_add_count(set, METRIC_ID_TOKIO_WORKERS, (uint64_t)live->workers);
}

int metric_collect(struct metric_set *set, const struct snapshot *snapshot)
{
	metric_add_count(set, METRIC_ID_UP, snapshot->target_is_up);
	if (plan__has(snapshot->plan, INSTR_HTTP_REQUESTS))
		metric_collect_http(set, snapshot);
	metric_collect_sessions(set, snapshot);
	metric_collect_tokio(set, snapshot);
	metric_collect_recorder(set, snapshot);
	if (snapshot->live.is_known)
		collect_live(set, snapshot);
	metric_collect_apps(set, snapshot);
	return arena__failed(set->arena) ? -ENOMEM : 0;
}
