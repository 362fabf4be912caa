/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_OBSERVATION_H
#define SCOTTYSCOPE_AGENT_OBSERVATION_H

/* What exists once per target: the process, its plan, the probe, and everything that reads the
 * probe. An observation does not know the front; full span batches go to a callback. */

#include <stdbool.h>
#include <stdint.h>

#include "agent/own_telemetry.h"
#include "base/error.h"
#include "base/loop.h"
#include "config/config.h"
#include "otlp/otlp.h"
#include "plan/plan.h"
#include "process/process.h"
#include "snapshot/snapshot.h"
#include "span/span.h"

struct observation;

/* Takes the finished spans of a full batch, which is cleared afterwards. A negative return counts
 * the spans as dropped. */
typedef int (*observation_span_sink)(void *context, const struct otlp_resource *resource,
				     const struct span_batch *batch);

/* Called once, when the end of the target is noted. */
typedef void (*observation_end_callback)(void *context);

/* Finds the process that the configuration selects. `config` must outlive the observation. */
int observation__new(const struct config *config, struct observation **ret_observation,
		     struct error *error);

/* Reads the executable and makes the plan for this kernel. -ESRCH, as of observation__start(), if the
 * process ended meanwhile, whichever step failed. */
int observation__plan(struct observation *observation, struct error *error);

/* Loads the programs without attaching them. Where the kernel refuses them, the plan says so
 * (plan__withdraw()). Fails only for other reasons. */
int observation__try_load(struct observation *observation, struct error *error);

/* Attaches the probe and begins to record. Spans go to `sink`. */
int observation__start(struct observation *observation, observation_span_sink sink, void *context,
		       struct error *error);

/* Returns whether attaching again takes CAP_SYS_ADMIN: a uprobe by a perf event does, a uprobe_multi link
 * does not. */
bool observation__keeps_sys_admin(const struct observation *observation);

/* Watches the ring buffer and the timers of the poll sampler and of the application samples in
 * `loop`, which must outlive the observation's next observation__stop(). `error` is filled when a
 * callback ends the loop. */
int observation__watch(struct observation *observation, struct loop *loop, struct error *error);

/* Watches, in `loop`, the end of the target: of its process, or by execve() of its program. From the end
 * on, snapshots say so and read nothing of the process. */
int observation__watch_target(struct observation *observation, observation_end_callback on_end,
			      void *context, struct loop *loop, struct error *error);

/* Ends the recording; reads the last records and counts. If the target has ended, ends what it left
 * open. Snapshots can still be taken. */
int observation__stop(struct observation *observation, struct error *error);

/* Detaches the probe, after observation__stop(). Returns how long that took, in nanoseconds. */
uint64_t observation__detach(struct observation *observation);
void observation__free(struct observation *observation);

/* Reads the records in the ring buffer. */
int observation__drain(struct observation *observation, struct error *error);

/* Gives the spans of the batch to the sink. */
int observation__flush_spans(struct observation *observation);

/* Reads everything at this moment. The snapshot is valid until the next call. The memory peak is that
 * of the time since `since_ns`, the `*ret_now_ns` of the reader's previous snapshot (monotonic; 0: since
 * the start), so that several readers do not take it from each other. `ret_now_ns` may be NULL. */
int observation__snapshot(struct observation *observation, uint64_t since_ns,
			  struct snapshot **ret_snapshot, uint64_t *ret_now_ns,
			  struct error *error);

/* Reads the counters of the BPF programs and of the pipeline only: `ret_snapshot`, which is not
 * cleared, gets the numbers of dropped data. */
int observation__read_drops(struct observation *observation, struct snapshot *ret_snapshot,
			    struct error *error);

const struct process *observation__process(const struct observation *observation);
const struct plan *observation__get_plan(const struct observation *observation);
struct own_telemetry observation__own_telemetry(const struct observation *observation);
struct snapshot_attachment observation__attachment(const struct observation *observation);
const struct otlp_resource *observation__resource(const struct observation *observation);

static inline void observation__freep(struct observation **observation)
{
	observation__free(*observation);
}

#endif
