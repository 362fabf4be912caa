/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_RESOURCE_H
#define SCOTTYSCOPE_AGENT_RESOURCE_H

#include "agent/own_telemetry.h"
#include "base/arena.h"
#include "base/error.h"
#include "config/config.h"
#include "otlp/otlp.h"
#include "process/process.h"

/* Describes the observed process as an OpenTelemetry resource, in `arena`: first what /proc shows, then
 * the names in the process's own OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME (agent/service_names.h),
 * then both variables of the tool. A later value replaces an earlier one of the same key. `version` is Scotty's, NULL where unknown. Where
 * `own` is on and --own-telemetry is replace, the service name of the process gets a suffix. */
int resource__describe(const struct config *config, const struct process *target,
		       const char *version, struct own_telemetry own, struct arena *arena,
		       struct otlp_resource *ret_resource, struct error *error);

/* The name of this host, in the arena; NULL where the kernel does not say. */
const char *resource__host_name(struct arena *arena);

#endif
