// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/own_telemetry.h"

#include <criterion/criterion.h>

static const char *name_of(const char *value)
{
	return own_telemetry__name(own_telemetry__parse(value));
}

/* Scotty converts the value to lower case, splits it at commas, and compares. */
Test(own_telemetry, is_read_as_scotty_reads_it)
{
	cr_expect_str_eq(name_of("metrics,traces"), "metrics and traces");
	cr_expect_str_eq(name_of("traces,metrics"), "metrics and traces");
	cr_expect_str_eq(name_of("Metrics"), "metrics");
	cr_expect_str_eq(name_of("TRACES"), "traces");
	cr_expect_str_eq(name_of("other,traces,"), "traces");
	cr_expect_str_eq(name_of(NULL), "");
	cr_expect_str_eq(name_of(""), "");
	cr_expect_str_eq(name_of("None"), "");
	cr_expect_str_eq(name_of("metric,tracesx"), "");
	/* Scotty does not remove spaces. */
	cr_expect_str_eq(name_of("metrics, traces"), "metrics");
}

Test(own_telemetry, is_off_without_a_recorder)
{
	static const struct plan plan;
	const struct process process = {.pid = 1};

	cr_assert_not(own_telemetry__is_on(own_telemetry__of(&process, &plan)));
}
