/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_POLLS_H
#define SCOTTYSCOPE_PROBE_POLLS_H

/* Poll probes are hit most often. They can be disabled and enabled again: while they are disabled,
 * tokio's thread-local context names the task in whose poll something happens. */

#include "probe/probe.h"

/* Finds the word of tokio's context that holds the id of the polled task, and returns its index plus 1.
 * 0: unknown. Bit i of `misses` is set if word i was different from the id in any sample; `differs` says
 * that a word found earlier was wrong. */
uint32_t poll_context_word(uint32_t misses, uint64_t samples, bool differs);

/* Whether enough has been learned to disable the poll probes: the word of tokio's context, and that the
 * status of a response in memory is the status on the wire. Takes some hundred requests. */
bool probe__can_disable_polls(const struct probe *probe);

/* Whether disabling is quick enough to be repeated: each perf event takes a grace period. */
bool probe__can_cycle_polls(const struct probe *probe);

/* Step one of disabling: polls that start from now on are not recorded. Polls in progress are recorded to
 * their end and should get some milliseconds. */
void probe__drain_polls(struct probe *probe);

/* Step two: begins to detach the poll probes, which takes tens of milliseconds. */
void probe__disable_polls(struct probe *probe);
bool probe__is_disabling_polls(const struct probe *probe);

/* Attaches the poll probes again, after waiting for their detachment. */
int probe__enable_polls(struct probe *probe, struct error *error);

#endif
