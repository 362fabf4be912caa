/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_PROBE_H
#define SCOTTYSCOPE_PROBE_PROBE_H

/* The BPF programs, maps and links of one target, with phases: new, load, attach, activate, read,
 * detach, free. No program records before activate. */

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

/* Opens the BPF object and sizes its maps for a plan and a target, which must outlive the probe. */
int probe__new(const struct config *config, const struct plan *plan, const struct process *target,
	       uint64_t load_bias, struct probe **ret_probe, struct error *error);

/* Loads the programs and maps into the kernel. */
int probe__load(struct probe *probe, struct error *error);

/* Attaches every site of the plan's wanted hooks: by one uprobe_multi link per hook if the kernel
 * has them, else by one perf event per site. */
int probe__attach(struct probe *probe, struct error *error);

/* Enables recording: polls first; events within polls once the polls in progress have had time to
 * end. Then runs the initial scan of tasks. */
int probe__activate(struct probe *probe, struct error *error);

/* Ends the recording at all sites at once and waits for the programs that run. From then on no
 * program changes a map. */
void probe__freeze(struct probe *probe);

/* Detaches every site, in a child process, and waits for it. The counts stay readable. A probe that
 * is not frozen no longer records. */
void probe__detach(struct probe *probe);

void probe__free(struct probe *probe);

/* Returns the descriptor of the ring buffer's map, which the probe owns. */
int probe__ring_fd(const struct probe *probe);

/* Returns the bucket bounds of the duration histograms, which are static data. */
const struct histogram_layout *probe__layout(const struct probe *probe);

/* Reads the plain counters. */
int probe__read_counters(struct probe *probe, struct counters *ret_counters, struct error *error);

/* Reads the totals from the per-CPU arrays. */
int probe__read_totals(struct probe *probe, struct snapshot_totals *ret_totals,
		       struct error *error);

/* Fills in the probe's part of a snapshot: start, layout, totals, label sets with route texts, rate
 * limits, attachment. -ENOMEM when the snapshot's arena is full. */
int probe__snapshot(struct probe *probe, struct snapshot *snapshot, struct error *error);

/* Reads the peak of resident memory since the last call and resets the peak; 0 without a change. */
int probe__take_memory_peak(struct probe *probe, uint64_t *ret_bytes, struct error *error);

/* Returns the template of a route by its hash, "/unmatched" for ROUTE_UNMATCHED and unknown hashes,
 * "/unknown" for ROUTE_UNKNOWN. Valid until the next call. */
const char *probe__route(struct probe *probe, uint64_t route);

/* Returns the number of worker threads (see tokio/worker_scan.h); a negative errno if unknown. */
int probe__count_workers(struct probe *probe, struct error *error);

/* Deletes the entries of ended threads. Called once per snapshot. */
void probe__forget_dead_threads(struct probe *probe);

/* Returns the number of sites and the times of attaching and detaching. */
struct snapshot_attachment probe__attachment(const struct probe *probe);

static inline void probe__freep(struct probe **probe)
{
	probe__free(*probe);
}

#endif
