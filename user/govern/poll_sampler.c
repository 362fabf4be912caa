// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/poll_sampler.h"

#include "base/clock.h"
#include "base/log.h"

/* Polls in progress have this long to end before the poll probes are detached. A thread that the
 * kernel preempts within a poll needs longer: a request whose response is written then would wait
 * for the next hook of its connection, which may stay idle. */
#define DRAIN_NS       (5 * NS_PER_MS)
#define DRAIN_LIMIT_NS NS_PER_S

/* Run times are measured in every tenth period. */
#define MEASURING_PERIODS 10

/* Learning takes some hundred requests. */
#define PATIENT_PERIODS 10

static bool can_disable(const struct poll_sampler *sampler)
{
	return !sampler->settings.why_not_later &&
	       sampler->control.can_disable(sampler->control.context);
}

/* Ends the period: cost, estimates, and the ratio of the next one. */
static int settle_period(struct poll_sampler *sampler, struct error *error)
{
	uint64_t now_ns = sampler->control.now_ns(sampler->control.context);
	struct governor_period period = {
		.length_ns = now_ns - sampler->start_ns,
		.enabled_ns = sampler->enabled_ns,
	};
	int r;

	if (sampler->state == POLLS_ENABLED)
		period.enabled_ns += now_ns - sampler->window_ns;
	r = sampler->control.end_period(sampler->control.context, &period, error);
	if (r < 0)
		return r;
	governor__decide(&sampler->governor, &period);
	sampler->cost_ns += period.polls_cost_ns + period.other_cost_ns;
	sampler->has_cost = true;
	sampler->enabled_ratio =
		period.length_ns ? (double)period.enabled_ns / (double)period.length_ns : 1;
	sampler->start_ns = sampler->window_ns = now_ns;
	sampler->enabled_ns = 0;
	return 0;
}

static int measure_if_due(struct poll_sampler *sampler, struct error *error)
{
	const struct poll_control *control = &sampler->control;

	if (sampler->periods++ % MEASURING_PERIODS && !control->needs_more(control->context))
		return 0;
	return control->measure(control->context, error);
}

/* Returns why no more of the cost can be saved; NULL where the governor still can. */
static const char *reason_of(const struct poll_sampler *sampler)
{
	const char *why = sampler->settings.why_not_later;

	if (!can_disable(sampler))
		return why ? why : "poll probes stay attached: too few requests to learn from";
	if (sampler->settings.is_basic)
		return "--level basic has detached the poll probes";
	if (sampler->governor.polls_hardly_cost)
		return "poll probes are a small part of the cost and stay attached";
	return sampler->governor.ratio <= GOVERNOR_LEAST_RATIO
		       ? "poll probes are attached for the least possible time already"
		       : NULL;
}

/* Warns once where the probes have been above the limit for some time and the governor cannot lower
 * their cost. */
static void warn_above_limit(struct poll_sampler *sampler)
{
	const struct poll_control *control = &sampler->control;
	const struct governor *governor = &sampler->governor;
	const char *reason = reason_of(sampler);
	char advice[256];

	if (sampler->has_warned)
		return;
	if (governor->limit <= 0 || governor->overhead <= governor->limit || !reason) {
		sampler->periods_over_limit = 0;
		return;
	}
	if (++sampler->periods_over_limit < PATIENT_PERIODS)
		return;
	sampler->has_warned = true;
	log_warning("probes cost about %.2g %% of the CPU time that the process may use, and the "
		    "limit of %.3g %% (--max-overhead) cannot be kept: %s. %s",
		    100 * governor->overhead, 100 * governor->limit, reason,
		    control->advise(control->context, advice, sizeof(advice)));
}

static int end_period(struct poll_sampler *sampler, struct error *error)
{
	int r = settle_period(sampler, error);

	if (r < 0)
		return r;
	if (sampler->is_sampling && sampler->governor.ratio >= 1) {
		log_info("all polls are counted again; scotty_tokio_* metrics are exact from now "
			 "on");
		sampler->is_sampling = false;
	}
	warn_above_limit(sampler);
	return measure_if_due(sampler, error);
}

/* The length of the sampling window; the whole period where poll probes cannot be disabled. */
static uint64_t window_length_ns(const struct poll_sampler *sampler)
{
	double ratio = sampler->settings.is_basic ? 0 : sampler->governor.ratio;

	if (ratio >= 1 || !can_disable(sampler))
		return sampler->settings.period_ns;
	return (uint64_t)(ratio * (double)sampler->settings.period_ns);
}

static uint64_t begin_window(struct poll_sampler *sampler)
{
	uint64_t length_ns = window_length_ns(sampler);

	sampler->state = POLLS_ENABLED;
	/* An empty window ends at once. */
	return length_ns ? length_ns : 1;
}

static uint64_t begin_off_window(struct poll_sampler *sampler)
{
	uint64_t spent_ns = sampler->control.now_ns(sampler->control.context) - sampler->start_ns;

	sampler->state = POLLS_DISABLED;
	return spent_ns < sampler->settings.period_ns ? sampler->settings.period_ns - spent_ns
						      : DRAIN_NS;
}

static uint64_t end_window(struct poll_sampler *sampler, uint64_t now_ns)
{
	if (!sampler->settings.is_basic && !sampler->is_sampling) {
		log_info("probes cost %.1f %% of the CPU time that the process may use, limit %.3g "
			 "%% "
			 "(--max-overhead): counting polls for %.3g %% of the time; scotty_tokio_* "
			 "metrics are estimates from now on, requests stay exact",
			 100 * sampler->governor.overhead, 100 * sampler->governor.limit,
			 100 * sampler->governor.ratio);
		sampler->is_sampling = true;
		sampler->has_estimates = true;
	}
	sampler->control.drain(sampler->control.context);
	sampler->enabled_ns += now_ns - sampler->window_ns;
	sampler->drain_ns = now_ns;
	sampler->state = POLLS_DRAINING;
	return DRAIN_NS;
}

/* Enables the poll probes for the next window. The process may be about to end: a failure leaves them
 * disabled until the next period. */
static uint64_t enable(struct poll_sampler *sampler)
{
	const struct poll_control *control = &sampler->control;
	struct error error;

	if (control->enable(control->context, &error) < 0) {
		log_debug("poll probes cannot be attached yet: %s", error.message);
		control->disable(control->context);
		return begin_off_window(sampler);
	}
	sampler->window_ns = control->now_ns(control->context);
	return begin_window(sampler);
}

int poll_sampler__step(struct poll_sampler *sampler, uint64_t *ret_delay_ns, struct error *error)
{
	const struct poll_control *control = &sampler->control;
	uint64_t now_ns = control->now_ns(control->context);
	int r;

	switch (sampler->state) {
	case POLLS_ENABLED:
		/* A window ends within its period, unless both end at the same time. */
		if (window_length_ns(sampler) < sampler->settings.period_ns &&
		    now_ns - sampler->start_ns < sampler->settings.period_ns) {
			*ret_delay_ns = end_window(sampler, now_ns);
			return 0;
		}
		r = end_period(sampler, error);
		if (r < 0)
			return r;
		*ret_delay_ns = begin_window(sampler);
		return 0;
	case POLLS_DRAINING:
		if (now_ns - sampler->drain_ns < DRAIN_LIMIT_NS &&
		    control->is_draining(control->context)) {
			*ret_delay_ns = DRAIN_NS;
			return 0;
		}
		control->disable(control->context);
		*ret_delay_ns = begin_off_window(sampler);
		return 0;
	case POLLS_DISABLED:
		break;
	}
	/* Detaching goes on in the background. */
	if (control->is_disabling(control->context)) {
		*ret_delay_ns = DRAIN_NS;
		return 0;
	}
	r = end_period(sampler, error);
	if (r < 0)
		return r;
	/* At the basic level poll probes stay disabled, unless disabling them turns out to be wrong. */
	*ret_delay_ns = sampler->settings.is_basic && can_disable(sampler)
				? begin_off_window(sampler)
				: enable(sampler);
	return 0;
}

int poll_sampler__init(struct poll_sampler *sampler, const struct poll_sampler_settings *settings,
		       const struct poll_control *control, uint64_t *ret_delay_ns,
		       struct error *error)
{
	uint64_t now_ns = control->now_ns(control->context);

	*sampler = (struct poll_sampler){
		.settings = *settings,
		.control = *control,
		.governor = {.limit = settings->limit, .ratio = 1},
		.start_ns = now_ns,
		.window_ns = now_ns,
		.enabled_ratio = 1,
	};
	*ret_delay_ns = settings->period_ns;
	return measure_if_due(sampler, error);
}

int poll_sampler__end(struct poll_sampler *sampler, struct error *error)
{
	return settle_period(sampler, error);
}
