/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SETTINGS_BPF_H
#define SCOTTYSCOPE_SETTINGS_BPF_H

/* Settings and the state that user space switches at run time. Every object has these variables;
 * they are weak, and the linker merges them. */

#include "core/helpers.bpf.h"
#include "wire.h"

__weak const volatile struct settings settings;

/* enum activation, raised by user space. */
__weak __u32 activation;

/* When the poll probes were last attached; 0: they are detached. Set by user space. While
 * `poll_draining` is set, the ends of the tracked polls are observed and new polls are not
 * tracked. */
__weak __u64 poll_epoch_ns;
__weak bool poll_draining;
/* The poll probes have a duty cycle. User space sets this before it detaches them for the first
 * time. */
__weak bool poll_sampling;

/* A sampled trace is kept if the hash of its id is below this; 0: all are kept. Set by user
 * space. */
__weak __u64 trace_limit_threshold;

/* The span rate's clock; see core/span_limit.h. */
__weak __u64 span_clock_ns;

static __always_inline bool polls_are_enabled(void)
{
	return poll_epoch_ns != 0;
}

/* Whether polls that start now are tracked. */
static __always_inline bool polls_may_start(void)
{
	return polls_are_enabled() && !poll_draining;
}

/* Whether a time in a task's life lies in the current epoch. Events between an earlier epoch and
 * this one were not observed, so that durations across the gap are unknown. */
static __always_inline bool is_in_poll_epoch(__u64 time_ns)
{
	return time_ns && time_ns >= poll_epoch_ns;
}

#endif
