// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/app_interval.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define VARIABLE "SCOTTY__SCHEDULER__RUNNING_APP_CHECK"

/* Scotty's form: digits and s, m or h (scotty-core/src/settings/scheduler_interval.rs). */
static bool is_interval(const char *value)
{
	size_t digits = strspn(value, "0123456789");

	return digits > 0 && digits < 10 && strchr("smh", value[digits]) && value[digits] &&
	       !value[digits + 1];
}

const char *app_interval__describe(const char *value, char text[APP_INTERVAL_SIZE])
{
	if (value && is_interval(value))
		snprintf(text, APP_INTERVAL_SIZE, "%s (" VARIABLE ")", value);
	else
		snprintf(text, APP_INTERVAL_SIZE,
			 "15m, unless Scotty's configuration has another "
			 "scheduler.running_app_check");
	return text;
}

const char *app_interval__of(const struct process *target, char text[APP_INTERVAL_SIZE])
{
	_cleanup_free_ char *value = process__environment(target, VARIABLE);

	return app_interval__describe(value, text);
}
