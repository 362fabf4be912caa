// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>

#include "agent/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "plan/level.h"
#include "probe/polls.h"

/* Detaching takes a grace period of the kernel: of one link, or in threads of many perf events. */
#define MULTI_PERIOD_NS	 NS_PER_S
#define SINGLE_PERIOD_NS (5 * NS_PER_S)

/* A level that saves a smaller share of the cost is not worth advice. */
#define LEAST_ADVISED_SAVING 0.05

/* Run times are measured for this long. */
#define MEASURING_NS (20 * NS_PER_MS)

static uint64_t now_ns(void *context)
{
	(void)context;
	return clock_monotonic_ns();
}

static bool can_disable(void *context)
{
	const struct observation *observation = context;

	return probe__can_disable_polls(observation->probe);
}

static void drain(void *context)
{
	struct observation *observation = context;

	probe__drain_polls(observation->probe);
}

static bool is_draining(void *context)
{
	const struct observation *observation = context;

	return probe__is_draining_polls(observation->probe);
}

static void disable(void *context)
{
	struct observation *observation = context;

	probe__disable_polls(observation->probe);
}

static bool is_disabling(void *context)
{
	const struct observation *observation = context;

	return probe__is_disabling_polls(observation->probe);
}

static int enable(void *context, struct error *error)
{
	struct observation *observation = context;
	int r = probe__enable_polls(observation->probe, error);

	/* The end of the target, which made the attachment fail. */
	if (r < 0)
		observation__target_runs(observation);
	return r;
}

static int end_period(void *context, struct governor_period *period, struct error *error)
{
	struct observation *observation = context;
	struct sampling *sampling = &observation->sampling;
	int r = meter__read(&sampling->meter, period, error);

	if (r < 0)
		return r;
	r = probe__read_totals(observation->probe, &sampling->totals, error);
	if (r < 0)
		return r;
	estimate__end(&sampling->estimate, &sampling->totals, period->length_ns,
		      period->enabled_ns);
	return 0;
}

static int measure(void *context, struct error *error)
{
	struct sampling *sampling = &((struct observation *)context)->sampling;
	int r;

	meter__measure_programs(&sampling->meter);
	r = loop__set_timer(sampling->measuring_timer, MEASURING_NS, 0);
	return r < 0 ? error_set(error, r, "cannot set a timer: %m") : 0;
}

static bool is_omitted_at_basic(const void *context, enum hook hook)
{
	return plan_level_basic_omits(context, hook);
}

static const char *advise(void *context, char *text, size_t size)
{
	const struct observation *observation = context;
	const struct meter *meter = &observation->sampling.meter;
	double saved = meter__share(meter, is_omitted_at_basic, observation->plan);
	char expensive[160];

	meter__name_expensive(meter, expensive, sizeof(expensive));
	if (saved < LEAST_ADVISED_SAVING)
		snprintf(text, size, "Most of the cost: %s. No level costs less", expensive);
	else
		snprintf(text, size,
			 "Most of the cost: %s. --level basic saves about %.0f %% of it", expensive,
			 100 * saved);
	return text;
}

static bool needs_more(void *context)
{
	return ((const struct observation *)context)->sampling.meter.has_unmeasured;
}

static int on_measured(void *context)
{
	struct observation *observation = context;

	meter__stop_measuring(&observation->sampling.meter);
	return 0;
}

static int on_step(void *context)
{
	struct observation *observation = context;
	struct sampling *sampling = &observation->sampling;
	uint64_t delay_ns;
	int r = poll_sampler__step(&sampling->sampler, &delay_ns, observation->error);

	return r < 0 ? r : loop__set_timer(sampling->step_timer, delay_ns, 0);
}

/* Why this plan never allows to disable the poll probes; NULL where it does. */
static const char *why_not(const struct observation *observation, char *text, size_t size)
{
	if (!plan__can_detach_polls(observation->plan)) {
		snprintf(text, size,
			 "poll probes stay attached, since without them this build's hooks do not "
			 "tell the current task");
		return text;
	}
	if (observation->config->level != LEVEL_BASIC &&
	    !probe__can_cycle_polls(observation->probe)) {
		snprintf(text, size,
			 "poll probes stay attached, since this kernel attaches their sites one "
			 "by one, which takes too long to repeat");
		return text;
	}
	return NULL;
}

static struct poll_sampler_settings settings_of(struct observation *observation)
{
	const struct config *config = observation->config;
	const struct plan *plan = observation->plan;
	struct sampling *sampling = &observation->sampling;
	struct poll_sampler_settings settings = {
		.period_ns = plan->kernel.uprobe_multi ? MULTI_PERIOD_NS : SINGLE_PERIOD_NS,
		.limit = config->max_overhead,
		.is_basic = config->level == LEVEL_BASIC &&
			    plan->instrumentations[INSTR_TOKIO_POLLS].disabled_by_level,
		.why_not_later = why_not(observation, sampling->why_not, sizeof(sampling->why_not)),
	};

	return settings;
}

int sampling__start(struct observation *observation, struct loop *loop, struct error *error)
{
	struct sampling *sampling = &observation->sampling;
	const struct poll_sampler_settings settings = settings_of(observation);
	const struct poll_control control = {
		.now_ns = now_ns,
		.can_disable = can_disable,
		.drain = drain,
		.is_draining = is_draining,
		.disable = disable,
		.is_disabling = is_disabling,
		.enable = enable,
		.end_period = end_period,
		.measure = measure,
		.needs_more = needs_more,
		.advise = advise,
		.context = observation,
	};
	uint64_t delay_ns;
	int r;

	if (observation->config->level == LEVEL_BASIC && !settings.is_basic)
		log_warning("--level basic: poll probes stay attached, since without them this "
			    "build's hooks do not tell the current task");
	r = meter__init(&sampling->meter, observation->probe, observation->process,
			observation->run_stats, error);
	if (r < 0)
		return r;
	sampling->loop = loop;
	r = probe__read_totals(observation->probe, &sampling->totals, error);
	if (r < 0)
		return r;
	estimate__begin(&sampling->estimate, &sampling->totals);
	r = loop__add_timer(loop, 0, 0, on_measured, observation, &sampling->measuring_timer,
			    error);
	if (r < 0)
		return r;
	r = poll_sampler__init(&sampling->sampler, &settings, &control, &delay_ns, error);
	if (r < 0)
		return r;
	return loop__add_timer(loop, delay_ns, 0, on_step, observation, &sampling->step_timer,
			       error);
}

void sampling__stop(struct observation *observation)
{
	struct sampling *sampling = &observation->sampling;
	struct error error;

	if (!sampling->loop)
		return;
	meter__stop_measuring(&sampling->meter);
	/* Without a timer the sampler never began. */
	if (sampling->step_timer && poll_sampler__end(&sampling->sampler, &error) < 0)
		log_debug("the last period of the poll sampler is not complete: %s", error.message);
	if (sampling->step_timer)
		loop__remove(sampling->loop, sampling->step_timer);
	if (sampling->measuring_timer)
		loop__remove(sampling->loop, sampling->measuring_timer);
	sampling->loop = NULL;
}

void sampling__report(const struct sampling *sampling, struct snapshot_pipeline *pipeline)
{
	const struct poll_sampler *sampler = &sampling->sampler;

	if (sampler->settings.period_ns == 0)
		return;
	pipeline->has_probe_cost =
		sampler->has_cost && probe__trap_ns(sampling->meter.probe, HOOK_HTTP_PARSE) > 0;
	pipeline->probe_cost_ns = sampler->cost_ns;
	pipeline->probe_overhead = sampler->governor.overhead;
	pipeline->polls_enabled = sampler->enabled_ratio;
	pipeline->has_estimates = sampler->has_estimates;
}
