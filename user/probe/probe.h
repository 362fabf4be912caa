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
#include "process/process.h"
#include "snapshot/snapshot.h"
#include "wire.h"

struct probe;

/* Opens and sizes the programs for a plan and its target, which must outlive the probe. */
int probe__new(const struct config *config, const struct plan *plan, const struct process *target,
	       uint64_t load_bias, struct probe **ret_probe, struct error *error);

/* Has the kernel check and take the programs and maps. */
int probe__load(struct probe *probe, struct error *error);

/* Attaches every site of the plan's wanted hooks, by one uprobe_multi link a hook where the kernel
 * has it, else by one perf event a site. */
int probe__attach(struct probe *probe, struct error *error);

/* Lets the programs record: polls first, and what happens within polls when those that were in
 * progress have had time to end. Then takes the census of tasks. */
int probe__activate(struct probe *probe, struct error *error);

/* Takes every site away again; what was counted can still be read. */
void probe__detach(struct probe *probe);

/* Counts, after probe__detach(), the requests whose response waited for its finalization (see
 * finish_untracked() in bpf/http/response.bpf.c). Their spans are dropped. */
int probe__flush_requests(struct probe *probe, struct error *error);

void probe__free(struct probe *probe);

/* The ring buffer's map, for draining. */
int probe__ring_fd(const struct probe *probe);

/* The bucket bounds of the duration histograms. The bounds are static data. */
const struct histogram_layout *probe__layout(const struct probe *probe);

/* Realtime of activation: when counting began. */
uint64_t probe__start_ns(const struct probe *probe);

/* Reads the counts of the arrays. */
int probe__read_totals(struct probe *probe, struct snapshot_totals *ret_totals,
		       struct error *error);

/* Fills in what the probe knows: start, layout, totals, label sets with route texts, rate limits,
 * attachment. -ENOMEM when the snapshot's arena is full. */
int probe__snapshot(struct probe *probe, struct snapshot *snapshot, struct error *error);

/* The highest resident memory since the last call, which resets the peak; 0 where no change was seen. */
int probe__take_memory_peak(struct probe *probe, uint64_t *ret_bytes, struct error *error);

/* The text of a route by the hash that keys and records name it by: "/unmatched" for
 * ROUTE_UNMATCHED and for one that is not known. Valid until the next call. */
const char *probe__route(struct probe *probe, uint64_t route);

/* Worker threads that exist now (see tokio/worker_scan.h); a negative errno when that cannot be told. */
int probe__count_workers(struct probe *probe, struct error *error);

/* Forgets threads that have ended. Called once a collection. */
void probe__forget_dead_threads(struct probe *probe);

/* The number of sites and the time that attaching and detaching them took. */
struct snapshot_attachment probe__attachment(const struct probe *probe);

static inline void probe__freep(struct probe **probe)
{
	probe__free(*probe);
}

#endif
