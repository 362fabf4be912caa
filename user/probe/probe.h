/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_PROBE_H
#define SCOTTYSCOPE_PROBE_PROBE_H

/* The programs in the kernel, as an object with phases: new, load, attach, activate, read, detach,
 * free. Nothing records before activate. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/config.h"
#include "plan/plan.h"
#include "probe/bounds.h"
#include "process/process.h"
#include "wire.h"

struct probe;

/* Opens and sizes the programs for a plan and its target, which must outlive the probe. */
int probe__new(const struct config *config, const struct plan *plan, const struct process *target,
	       uint64_t load_bias, struct probe **ret_probe, struct error *error);

/* Has the kernel check and take the programs and maps. */
int probe__load(struct probe *probe, struct error *error);

/* Attaches every site of the plan's wanted hooks, by one uprobe_multi link a hook where the kernel has
 * it, else by one perf event a site. */
int probe__attach(struct probe *probe, struct error *error);

/* Lets the programs record: polls first, and what happens within polls when those that were in
 * progress have had time to end. Then takes the census of tasks. */
int probe__activate(struct probe *probe, struct error *error);

/* Takes every site away again; what was counted can still be read. */
void probe__detach(struct probe *probe);

/* After that: counts the requests that were answered, but of which something was waited for (see
 * finish_unseen() in bpf/http_settle.bpf.h). Their spans are not sent any more. */
int probe__count_waiting(struct probe *probe, struct error *error);

void probe__free(struct probe *probe);

/* The ring buffer's map, for draining. */
int probe__ring_fd(const struct probe *probe);

/* The bucket bounds of the duration histograms. The bounds are static data. */
const struct probe_histograms *probe__histograms(const struct probe *probe);

/* Realtime of activation: when counting began. */
uint64_t probe__start_ns(const struct probe *probe);

/* Adds counts by the same bounds. */
static inline void histogram_counts__add(struct histogram_counts *sum,
					 const struct histogram_counts *more)
{
	sum->sum_ns += more->sum_ns;
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum->buckets[i] += more->buckets[i];
}

/* What has been counted so far, cumulative. */
struct probe_totals {
	const struct probe_histograms *histograms; /* what the counts of durations are by */
	struct task_totals kinds[KIND_LIMIT];	   /* by kind of task */
	uint64_t census_kinds[KIND_LIMIT]; /* alive at the attachment, found by the census */
	struct schedule_totals schedule;
	struct counters counters;
	struct session_totals sessions[ROLE_COUNT];
	uint64_t census_sessions[ROLE_COUNT];	   /* of the census's tasks */
	struct histogram_counts validations;	   /* of OAuth tokens, by the bounds of http */
	uint64_t oauth_sessions[OAUTH_FLOW_COUNT]; /* plus 1; 0: not seen yet */
};

int probe__read_totals(struct probe *probe, struct probe_totals *ret_totals, struct error *error);

/* The highest resident memory since the last call of this, 0 where none was seen. */
int probe__take_memory_peak(struct probe *probe, uint64_t *ret_bytes, struct error *error);

/* Calls back for each label set of the request metrics with its counts. The overflow set comes with
 * route ROUTE_OVERFLOW. Ends early on a negative return. */
typedef int (*probe_series_callback)(void *context, const struct http_key *key,
				     const struct histogram_counts *counts);
int probe__for_each_series(struct probe *probe, probe_series_callback callback, void *context,
			   struct error *error);

/* Calls back for each rate limit's decisions, allowed or denied. */
typedef int (*probe_rate_limit_callback)(void *context, const struct rate_limit_key *key,
					 uint64_t count);
int probe__for_each_rate_limit(struct probe *probe, probe_rate_limit_callback callback,
			       void *context, struct error *error);

/* The text of a route by the hash that keys and records name it by: "/unmatched" for
 * ROUTE_UNMATCHED and for one that is not known. Valid until the next call. */
const char *probe__route(struct probe *probe, uint64_t route);

/* Worker threads that exist now (see tokio/worker_scan.h); a negative errno when that cannot be told. */
int probe__count_workers(struct probe *probe, struct error *error);

/* Forgets threads that have ended. Called once a collection. */
void probe__forget_dead_threads(struct probe *probe);

/* How the sites were attached, and how many. */
struct probe_attachment {
	size_t sites;
	bool multi;
	uint64_t attach_ns;
	uint64_t detach_ns; /* 0 until detached */
};
struct probe_attachment probe__attachment(const struct probe *probe);

static inline void probe__freep(struct probe **probe)
{
	probe__free(*probe);
}

#endif
