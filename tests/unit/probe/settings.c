// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/settings.h"

#include <criterion/criterion.h>

static struct settings written(const struct config *config, const struct plan *plan)
{
	struct settings settings = {0};

	probe_write_settings(&settings, config, plan, &histogram_layout_explicit, 4711);
	return settings;
}

Test(probe_settings, sampler_thresholds)
{
	struct config_sampler sampler = {.kind = SAMPLER_ALWAYS_ON};

	cr_assert_eq(probe_sampler_threshold(&sampler), UINT64_MAX);
	sampler.kind = SAMPLER_ALWAYS_OFF;
	cr_assert_eq(probe_sampler_threshold(&sampler), 0u);
	sampler.kind = SAMPLER_RATIO;
	sampler.ratio = 1;
	cr_assert_eq(probe_sampler_threshold(&sampler), UINT64_MAX);
	sampler.ratio = 0.25;
	cr_assert_eq(probe_sampler_threshold(&sampler), UINT64_C(1) << 61);
	sampler.ratio = 0;
	cr_assert_eq(probe_sampler_threshold(&sampler), 0u);
}

Test(probe_settings, values_of_the_configuration)
{
	const struct plan plan = {0};
	struct config config = {.slow_poll_ns = 5, .span_age_limit_ns = 6};
	struct settings settings = written(&config, &plan);

	cr_assert_eq(settings.target_tgid, 4711u);
	cr_assert_eq(settings.slow_poll_ns, 5u);
	cr_assert_eq(settings.span_age_limit_ns, 6u);
	cr_assert_not(settings.emit_spans, "nobody takes spans");
	config.otlp.traces_target = (char *)"127.0.0.1:4317";
	cr_assert(written(&config, &plan).emit_spans);
}

Test(probe_settings, unused_bounds_are_above_all_values)
{
	const struct plan plan = {0};
	const struct config config = {0};
	struct settings settings = written(&config, &plan);
	const struct histogram_bounds *http = &histogram_bounds_http;

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		if (i < http->count)
			cr_assert_eq(settings.http_bounds_ns[i], http->ns[i]);
		else
			cr_assert_eq(settings.http_bounds_ns[i], UINT64_MAX);
	}
}

Test(probe_settings, hooks_of_the_plan_decide)
{
	struct plan plan = {0};
	const struct config config = {0};

	cr_assert(written(&config, &plan).messages_by_frame);
	plan.hooks[HOOK_MESSAGE_QUEUE].wanted = true;
	cr_assert_not(written(&config, &plan).messages_by_frame);
	cr_assert_not(written(&config, &plan).wakes_are_observed);
	plan.instrumentations[INSTR_TOKIO_SCHEDULING].strategy = &catalogue_strategies[0];
	cr_assert(written(&config, &plan).wakes_are_observed);
}
