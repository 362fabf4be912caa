/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_SETTINGS_H
#define SCOTTYSCOPE_PROBE_SETTINGS_H

/* The constants of the BPF programs (struct settings in bpf/core/types.h). */

#include <sys/types.h>

#include "config/config.h"
#include "plan/plan.h"
#include "snapshot/bounds.h"
#include "wire.h"

/* Fills `settings`, which is zeroed, for the process `pid`. */
void probe_write_settings(struct settings *settings, const struct config *config,
			  const struct plan *plan, const struct histogram_layout *layout,
			  pid_t pid);

/* Returns the sampling threshold: a trace is sampled if 63 bits of its id are below the
 * threshold. */
uint64_t probe_sampler_threshold(const struct config_sampler *sampler);

/* Sets the token bucket of a limit of `rate` spans per second (0: no limit). The bucket holds the spans
 * of one second, or half of the export queue's `queue` spans if that is less, so that a full bucket
 * fits into the queue beside the spans that wait there. */
void probe_set_span_limit(uint64_t rate, uint64_t queue, struct span_limit *ret_limit);

#endif
