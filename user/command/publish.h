/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COMMAND_PUBLISH_H
#define SCOTTYSCOPE_COMMAND_PUBLISH_H

/* From the probe to the front: collections of metrics, and batches of spans. */

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "command/subject.h"
#include "command/trace_limit.h"
#include "config/config.h"
#include "front/process.h"
#include "front/statistics.h"
#include "govern/estimate.h"
#include "metric/exemplars.h"
#include "metric/metric.h"
#include "otlp/otlp.h"
#include "probe/probe.h"
#include "ring/ring.h"
#include "self/self.h"
#include "span/record.h"
#include "span/span.h"

struct publisher {
	const struct config *config;
	const struct subject *subject;
	struct probe *probe;
	struct ring *ring;
	struct front *front; /* NULL: nothing is exported or served */
	struct arena *resource_arena;
	struct otlp_resource resource;
	struct arena *collection_arena;
	struct span_batch *spans;
	struct span_scene scene;
	struct applications *applications; /* as far as they are known */
	struct exemplars *exemplars;	   /* of request durations */
	struct estimate *estimate;	   /* of polls that were not watched */
	struct trace_limit trace_limit;
	struct self_counters counters;
	struct front_statistics ended_fronts; /* what fronts before the present one had counted */
	bool target_is_up;
};

int publisher__init(struct publisher *publisher, struct error *error);
void publisher__done(struct publisher *publisher);

/* Takes what is in the ring; full batches are sent at once. */
int publisher__drain(struct publisher *publisher, struct error *error);

/* Sends the spans gathered so far. */
int publisher__send_spans(struct publisher *publisher, struct error *error);

/* Makes a collection as of now. It is valid until the next one. */
int publisher__collect(struct publisher *publisher, struct metric_set **ret_set,
		       struct error *error);

/* Collects and sends: `flags` (MESSAGE_FLAG_...) say what for, `sequence` answers a
 * MESSAGE_TAKE_SNAPSHOT. */
int publisher__send_metrics(struct publisher *publisher, uint16_t flags, uint64_t sequence,
			    struct error *error);

/* Counts the spans that will not be finished any more as lost. */
int publisher__close_spans(struct publisher *publisher, struct error *error);

/* Takes a sample of the applications, if their list is known. */
int publisher__sample_applications(struct publisher *publisher, struct error *error);

/* Everything lost so far. */
uint64_t publisher__lost(struct publisher *publisher, struct error *error);

#endif
