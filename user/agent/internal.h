/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_INTERNAL_H
#define SCOTTYSCOPE_AGENT_INTERNAL_H

/* The parts of an observation, for the files of agent/ only. */

#include "agent/observation.h"
#include "agent/own_telemetry.h"
#include "govern/estimate.h"
#include "govern/meter.h"
#include "govern/poll_sampler.h"
#include "govern/trace_limiter.h"
#include "probe/apps.h"
#include "probe/probe.h"
#include "probe/run_stats.h"
#include "ring/ring.h"
#include "snapshot/peak_history.h"
#include "span/assembler.h"

/* The poll sampler with its timers, and what the sampler acts on. */
struct sampling {
	struct poll_sampler sampler;
	struct meter meter;
	struct estimate estimate;
	struct snapshot_totals totals; /* at the end of the last period */
	struct loop *loop;	       /* NULL: not running */
	struct loop_source *step_timer;
	struct loop_source *measuring_timer;
	char why_not[160]; /* poll probes cannot be disabled */
};

struct observation {
	const struct config *config;
	struct process *process;
	struct plan *plan;
	struct own_telemetry own_telemetry; /* of the target */
	uint64_t load_bias;
	struct run_stats *run_stats; /* NULL: the agent itself measures run times, if at all */
	struct probe *probe;
	struct ring *ring;
	struct span_assembler assembler;
	observation_span_sink sink;
	void *sink_context;
	struct exemplars *exemplars; /* of request durations */
	struct app_list apps;
	struct app_samples app_samples;
	struct peak_history memory_peaks;
	struct trace_limiter trace_limiter;
	struct sampling sampling;
	struct snapshot_pipeline pipeline; /* the counts of records and spans */
	struct arena *resource_arena;
	struct otlp_resource resource;
	struct arena *snapshot_arena;
	struct error *error; /* of the loop */
	bool target_is_up;
	uint64_t target_end_ns; /* monotonic; 0: the target runs */
	observation_end_callback on_end;
	void *end_context;
	struct loop *loop; /* NULL: the target is not watched */
	struct loop_source *pid_source;
	bool is_stopped; /* spans that are open now never end */
};

/* Asks whether the target still runs the observed program. The first time that it does not, notes the end,
 * logs it and calls back. */
bool observation__target_runs(struct observation *observation);

/* Takes a sample of the applications, if their list is known. */
int observation__sample_apps(struct observation *observation, struct error *error);

/* Starts the sampler; its timers run in `loop`. */
int sampling__start(struct observation *observation, struct loop *loop, struct error *error);

/* Ends the period in progress; harmless where the sampler does not run. */
void sampling__stop(struct observation *observation);

/* Copies the results of the sampler. */
void sampling__report(const struct sampling *sampling, struct snapshot_pipeline *pipeline);

#endif
