// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/own_telemetry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define VARIABLE "SCOTTY__TELEMETRY"

static bool equals(const char *item, size_t length, const char *name)
{
	return length == strlen(name) && strncasecmp(item, name, length) == 0;
}

struct own_telemetry own_telemetry__parse(const char *value)
{
	struct own_telemetry own = {false};

	while (value && *value) {
		size_t length = strcspn(value, ",");

		own.metrics = own.metrics || equals(value, length, "metrics");
		own.traces = own.traces || equals(value, length, "traces");
		value += length + (value[length] == ',');
	}
	return own;
}

/* The recorder is there exactly where Scotty was built with telemetry; single functions may be
 * inlined. */
static bool has_recorder(const struct plan *plan)
{
	for (int hook = HOOK_OAUTH_DEVICE_FLOW; hook <= HOOK_RATE_LIMIT_ERROR; hook++) {
		if (plan->hooks[hook].found > 0)
			return true;
	}
	return false;
}

struct own_telemetry own_telemetry__of(const struct process *target, const struct plan *plan)
{
	_cleanup_free_ char *value =
		has_recorder(plan) ? process__environment(target, VARIABLE) : NULL;

	return own_telemetry__parse(value);
}

const char *own_telemetry__name(struct own_telemetry own)
{
	if (own.metrics && own.traces)
		return "metrics and traces";
	return own.metrics ? "metrics" : own.traces ? "traces" : "";
}
