/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_AGENT_H
#define SCOTTYSCOPE_AGENT_AGENT_H

/* What exists once per process of the tool: the event loop, the front, the timers of the export, and
 * the tool's own counters. The agent owns its observation and asks it for snapshots. */

#include "agent/observation.h"
#include "config/config.h"
#include "front/process.h"
#include "metric/metric.h"
#include "self/self.h"

struct agent;

/* The last snapshot, taken after the recording ended, and the numbers made of it. */
struct agent_result {
	const struct snapshot *snapshot;
	const struct metric_set *set;
	const struct otlp_resource *resource;
	const struct process *process;
	const struct self_counters *counters;
	uint16_t port; /* of /metrics; 0: not served */
};

/* Takes the observation. `front` is borrowed and must outlive the agent; NULL: nothing is exported or
 * served. */
int agent__new(const struct config *config, struct observation *observation, struct front *front,
	       struct agent **ret_agent, struct error *error);
void agent__free(struct agent *agent);

/* Attaches; records until a signal, the end of the target or --duration; exports the last snapshot
 * and stops the front. The probe stays attached, without recording: all output comes before the
 * detachment, which may take longer than a supervisor waits. */
int agent__run(struct agent *agent, struct error *error);

/* Detaches after agent__run(), and logs how long that took and what was dropped in the run. */
void agent__detach(struct agent *agent);

/* The result of a run, valid until agent__free(). `set` is NULL where the run ended before its last
 * snapshot. */
struct agent_result agent__result(const struct agent *agent);

static inline void agent__freep(struct agent **agent)
{
	agent__free(*agent);
}

#endif
