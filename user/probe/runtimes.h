/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_RUNTIMES_H
#define SCOTTYSCOPE_PROBE_RUNTIMES_H

/* tokio's own counters, next to the counts of the probes. For the files of this folder only. */

#include "probe/probe.h"

/* Looks for runtimes that are new, and reads the counters of all. -ENOMEM. */
int probe_read_runtimes(struct probe *probe);

/* Remembers which runtimes exist: a walk through the memory that begins now finds all of them. */
void probe_note_lists(struct probe *probe);

/* Ends the search for runtimes that are older than the attachment. */
void probe_end_initial_lists(struct probe *probe);

/* Copies the counters to the snapshot. -ENOMEM when its arena is full. */
int probe_copy_runtimes(const struct probe *probe, struct snapshot *snapshot);

/* Returns the number of tasks that the probes and the initial scan hold for alive, without those of LocalSets. */
uint64_t probe_observed_tasks(const struct probe *probe, const struct snapshot_totals *totals);

/* Compares tokio's own counts, read before `totals`, with the totals. */
void probe_compare_tasks(struct probe *probe, const struct snapshot_totals *totals);

#endif
