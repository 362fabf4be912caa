/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_POLLS_H
#define SCOTTYSCOPE_PROBE_POLLS_H

/* Poll probes have the most hits. They can be disabled and enabled again. While they are disabled,
 * tokio's thread-local context identifies the polled task. */

#include "probe/probe.h"
#include "wire.h"

/* Returns the index plus 1 of the word in tokio's context that holds the id of the polled task; 0:
 * unknown. Bit i of `misses` is set if word i differed from the id in any sample. `differs`: a word
 * found earlier was wrong. */
uint32_t poll_context_word(uint32_t misses, uint64_t samples, bool differs);

/* Returns whether a tracked poll in progress on the thread has an event that the end of the poll
 * confirms. `epoch_ns`: of the poll probes. */
bool poll_is_pending(const struct thread *thread, uint64_t epoch_ns);

/* Returns whether the poll probes can be disabled: the word of tokio's context is known, and the
 * status of a response in memory equals the status on the wire. Needs some hundred requests. */
bool probe__can_disable_polls(const struct probe *probe);

/* Returns whether disabling is fast enough to be repeated: each perf event takes a grace period. */
bool probe__can_cycle_polls(const struct probe *probe);

/* Step one of disabling: stops recording new polls, except those of tasks whose response hyper has not
 * sent yet. Polls in progress are recorded to their end. */
void probe__drain_polls(struct probe *probe);

/* Returns whether a poll in progress has an event to confirm, or a response waits for a later poll. That
 * takes some milliseconds, or longer where the kernel preempts a thread or a client does not read. Responses
 * that were waiting at the last step two do not count. */
bool probe__is_draining_polls(struct probe *probe);

/* Step two: starts to detach the poll probes, which takes tens of milliseconds. */
void probe__disable_polls(struct probe *probe);
bool probe__is_disabling_polls(const struct probe *probe);

/* Waits for the detachment, then attaches the poll probes again. */
int probe__enable_polls(struct probe *probe, struct error *error);

#endif
