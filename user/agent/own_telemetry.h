/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_OWN_TELEMETRY_H
#define SCOTTYSCOPE_AGENT_OWN_TELEMETRY_H

/* The telemetry that Scotty exports itself, if the variable SCOTTY__TELEMETRY in its environment and
 * its build allow it. A setting in a configuration file of Scotty is not detected. */

#include <stdbool.h>

#include "plan/plan.h"
#include "process/process.h"

struct own_telemetry {
	bool metrics;
	bool traces;
};

/* Parses a value as Scotty does (scotty/src/init_telemetry.rs): a list with commas, in any case, without
 * spaces. NULL: the variable is not set. */
struct own_telemetry own_telemetry__parse(const char *value);

/* Reads the environment of the process. Without Scotty's recorder in the executable, the variable has no
 * effect. */
struct own_telemetry own_telemetry__of(const struct process *target, const struct plan *plan);

static inline bool own_telemetry__is_on(struct own_telemetry own)
{
	return own.metrics || own.traces;
}

/* Returns "metrics", "traces" or "metrics and traces"; "" if it is off. */
const char *own_telemetry__name(struct own_telemetry own);

#endif
