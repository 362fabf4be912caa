// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/poll_sampler.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"

/* A probe without a kernel and a clock that only moves when a test says so. Every call that changes
 * the probe appends a letter to `calls`: d(rain), x (disable), e(nable), m(easure). */
struct fake {
	uint64_t now_ns;
	bool can_disable;
	unsigned int draining_checks;  /* is_draining answers true this often */
	unsigned int disabling_checks; /* is_disabling answers true this often */
	int enable_result;
	int end_result;
	bool needs_more;
	unsigned int advices;
	double polls_cost; /* of a period with all polls, as a ratio of the capacity */
	double other_cost;
	struct governor_period last;
	char calls[256];
	size_t call_count;
};

static void note(struct fake *fake, char call)
{
	cr_assert_lt(fake->call_count, sizeof(fake->calls) - 1);
	fake->calls[fake->call_count++] = call;
	fake->calls[fake->call_count] = '\0';
}

static uint64_t fake_now(void *context)
{
	return ((struct fake *)context)->now_ns;
}

static bool fake_can_disable(void *context)
{
	return ((struct fake *)context)->can_disable;
}

static void fake_drain(void *context)
{
	note(context, 'd');
}

static bool fake_is_draining(void *context)
{
	struct fake *fake = context;

	return fake->draining_checks > 0 && fake->draining_checks--;
}

static void fake_disable(void *context)
{
	note(context, 'x');
}

static bool fake_is_disabling(void *context)
{
	struct fake *fake = context;

	return fake->disabling_checks > 0 && fake->disabling_checks--;
}

static int fake_enable(void *context, struct error *error)
{
	struct fake *fake = context;

	note(fake, 'e');
	if (fake->enable_result < 0)
		return error_set(error, fake->enable_result, "not now");
	return 0;
}

static int fake_end_period(void *context, struct governor_period *period, struct error *error)
{
	struct fake *fake = context;

	if (fake->end_result < 0)
		return error_set(error, fake->end_result, "no counts");
	period->capacity_ns = period->length_ns;
	period->polls_cost_ns = (uint64_t)(fake->polls_cost * (double)period->enabled_ns);
	period->other_cost_ns = (uint64_t)(fake->other_cost * (double)period->length_ns);
	fake->last = *period;
	return 0;
}

static int fake_measure(void *context, struct error *error)
{
	(void)error;
	note(context, 'm');
	return 0;
}

static bool fake_needs_more(void *context)
{
	return ((struct fake *)context)->needs_more;
}

static const char *fake_advise(void *context, char *text, size_t size)
{
	((struct fake *)context)->advices++;
	snprintf(text, size, "No level costs less");
	return text;
}

static struct poll_control control_of(struct fake *fake)
{
	return (struct poll_control){
		.now_ns = fake_now,
		.can_disable = fake_can_disable,
		.drain = fake_drain,
		.is_draining = fake_is_draining,
		.disable = fake_disable,
		.is_disabling = fake_is_disabling,
		.enable = fake_enable,
		.end_period = fake_end_period,
		.measure = fake_measure,
		.needs_more = fake_needs_more,
		.advise = fake_advise,
		.context = fake,
	};
}

/* A sampler with a period of a second, at time 0. */
static struct poll_sampler start(struct fake *fake, struct poll_sampler_settings settings)
{
	const struct poll_control control = control_of(fake);
	struct poll_sampler sampler;
	struct error error;
	uint64_t delay_ns;

	settings.period_ns = NS_PER_S;
	cr_assert_eq(poll_sampler__init(&sampler, &settings, &control, &delay_ns, &error), 0);
	cr_assert_eq(delay_ns, NS_PER_S);
	cr_assert_eq(sampler.state, POLLS_ENABLED);
	fake->now_ns += delay_ns;
	return sampler;
}

/* Steps, moves the clock on by the delay and returns the delay. */
static uint64_t step(struct poll_sampler *sampler, struct fake *fake)
{
	struct error error;
	uint64_t delay_ns;

	cr_assert_eq(poll_sampler__step(sampler, &delay_ns, &error), 0);
	fake->now_ns += delay_ns;
	return delay_ns;
}

Test(poll_sampler, stays_enabled_within_the_limit)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.01};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});

	for (int i = 0; i < 9; i++)
		cr_assert_eq(step(&sampler, &fake), NS_PER_S);
	cr_assert_eq(sampler.state, POLLS_ENABLED);
	cr_assert_eq(sampler.enabled_ratio, 1);
	cr_assert_not(sampler.has_estimates);
	cr_assert_eq(sampler.cost_ns, 9 * NS_PER_S / 100);
	/* Run times are measured in the first period only, and again in the eleventh. */
	cr_assert_str_eq(fake.calls, "m");
	step(&sampler, &fake);
	cr_assert_str_eq(fake.calls, "mm");
}

Test(poll_sampler, samples_above_the_limit)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.06};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});

	/* The first period ends: half of the time is allowed, so a window of half a second begins. */
	cr_assert_eq(step(&sampler, &fake), NS_PER_S / 2);
	cr_assert_eq(sampler.state, POLLS_ENABLED);
	cr_assert_eq(step(&sampler, &fake), 5 * NS_PER_MS);
	cr_assert_eq(sampler.state, POLLS_DRAINING);
	cr_assert(sampler.has_estimates);
	cr_assert_eq(step(&sampler, &fake), NS_PER_S / 2 - 5 * NS_PER_MS);
	cr_assert_eq(sampler.state, POLLS_DISABLED);
	cr_assert_eq(step(&sampler, &fake), NS_PER_S / 2);
	cr_assert_eq(sampler.state, POLLS_ENABLED);
	cr_assert_str_eq(fake.calls, "mdxe");
	cr_assert_eq(fake.last.length_ns, NS_PER_S);
	cr_assert_eq(fake.last.enabled_ns, NS_PER_S / 2);
	cr_assert_float_eq(sampler.enabled_ratio, 0.5, 1e-9);
	cr_assert_float_eq(sampler.governor.overhead, 0.03, 1e-9);
}

Test(poll_sampler, waits_for_polls_in_progress)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.06, .draining_checks = 3};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});

	step(&sampler, &fake);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(step(&sampler, &fake), 5 * NS_PER_MS);
	cr_assert_eq(sampler.state, POLLS_DRAINING);
	cr_assert_str_eq(fake.calls, "md");
	cr_assert_eq(step(&sampler, &fake), NS_PER_S / 2 - 20 * NS_PER_MS);
	cr_assert_str_eq(fake.calls, "mdx");
}

Test(poll_sampler, does_not_wait_for_ever)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.06, .draining_checks = 1000};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});
	uint64_t start_ns;

	step(&sampler, &fake);
	step(&sampler, &fake);
	start_ns = fake.now_ns;
	while (sampler.state == POLLS_DRAINING)
		step(&sampler, &fake);
	cr_assert_str_eq(fake.calls, "mdx");
	cr_assert_eq(fake.now_ns - start_ns, NS_PER_S);
}

Test(poll_sampler, waits_until_the_probes_are_detached)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.06, .disabling_checks = 2};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});

	for (int i = 0; i < 3; i++)
		step(&sampler, &fake);
	cr_assert_eq(step(&sampler, &fake), 5 * NS_PER_MS);
	cr_assert_eq(step(&sampler, &fake), 5 * NS_PER_MS);
	cr_assert_eq(sampler.state, POLLS_DISABLED);
	step(&sampler, &fake);
	cr_assert_str_eq(fake.calls, "mdxe");
	cr_assert_eq(fake.last.length_ns, NS_PER_S + 10 * NS_PER_MS);
}

Test(poll_sampler, tries_again_where_the_probes_cannot_be_attached)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.06, .enable_result = -ESRCH};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});

	for (int i = 0; i < 4; i++)
		step(&sampler, &fake);
	cr_assert_eq(sampler.state, POLLS_DISABLED);
	cr_assert_str_eq(fake.calls, "mdxex");
	fake.enable_result = 0;
	step(&sampler, &fake);
	cr_assert_eq(sampler.state, POLLS_ENABLED);
	/* The whole period was an off window. */
	cr_assert_eq(fake.last.enabled_ns, 0);
}

Test(poll_sampler, counts_all_polls_again_where_they_became_cheap)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.06};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});

	for (int i = 0; i < 3; i++)
		step(&sampler, &fake);
	cr_assert(sampler.is_sampling);
	fake.polls_cost = 0.001;
	cr_assert_eq(step(&sampler, &fake), NS_PER_S);
	cr_assert_not(sampler.is_sampling);
	cr_assert(sampler.has_estimates, "earlier estimates stay in the counts");
	for (int i = 0; i < 5; i++)
		cr_assert_eq(step(&sampler, &fake), NS_PER_S);
	cr_assert_str_eq(fake.calls, "mdxe");
}

Test(poll_sampler, stays_disabled_at_the_basic_level)
{
	struct fake fake = {.polls_cost = 0.06};
	struct poll_sampler sampler =
		start(&fake, (struct poll_sampler_settings){.limit = 0.03, .is_basic = true});

	/* Nothing has been learned yet: the whole period is a window. */
	cr_assert_eq(step(&sampler, &fake), NS_PER_S);
	fake.can_disable = true;
	cr_assert_eq(step(&sampler, &fake), 1);
	step(&sampler, &fake);
	cr_assert_eq(step(&sampler, &fake), NS_PER_S - 5 * NS_PER_MS - 1);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(step(&sampler, &fake), NS_PER_S);
	cr_assert_str_eq(fake.calls, "mdx");
	cr_assert_eq(sampler.state, POLLS_DISABLED);
	cr_assert_not(sampler.has_estimates, "the basic level reports no polls");
	/* A wrong guess is taken back: the probes are attached again. */
	fake.can_disable = false;
	step(&sampler, &fake);
	cr_assert_eq(sampler.state, POLLS_ENABLED);
	cr_assert_eq(fake.calls[fake.call_count - 1], 'e');
}

Test(poll_sampler, warns_once_where_polls_cannot_be_disabled)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.06};
	struct poll_sampler sampler = start(
		&fake, (struct poll_sampler_settings){.limit = 0.03, .why_not_later = "no ids"});

	for (int i = 0; i < 9; i++)
		cr_assert_eq(step(&sampler, &fake), NS_PER_S);
	cr_assert_not(sampler.has_warned);
	step(&sampler, &fake);
	cr_assert(sampler.has_warned);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(step(&sampler, &fake), NS_PER_S);
	cr_assert_eq(sampler.state, POLLS_ENABLED);
	cr_assert_not(sampler.has_estimates);
}

/* Steps through more periods than the sampler is patient for. */
static void step_for_long(struct poll_sampler *sampler, struct fake *fake)
{
	for (int i = 0; i < 60; i++)
		step(sampler, fake);
}

Test(poll_sampler, warns_once_where_polls_are_at_their_floor)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.3, .other_cost = 0.2};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});

	step_for_long(&sampler, &fake);
	cr_assert_eq(sampler.governor.ratio, GOVERNOR_LEAST_RATIO);
	cr_assert_eq(fake.advices, 1u);
}

Test(poll_sampler, warns_at_the_basic_level)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.3, .other_cost = 0.2};
	struct poll_sampler sampler =
		start(&fake, (struct poll_sampler_settings){.limit = 0.03, .is_basic = true});

	step_for_long(&sampler, &fake);
	cr_assert_eq(fake.advices, 1u);
	cr_assert_not(sampler.has_estimates);
}

Test(poll_sampler, keeps_exact_polls_where_estimates_save_nothing)
{
	/* Frames cost the most, as in a flood of pings. */
	struct fake fake = {.can_disable = true, .polls_cost = 0.01, .other_cost = 0.25};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});

	step_for_long(&sampler, &fake);
	cr_assert_not(sampler.has_estimates);
	cr_assert_eq(sampler.enabled_ratio, 1);
	cr_assert_eq(fake.advices, 1u);
}

Test(poll_sampler, does_not_warn_while_the_limit_is_kept)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.3, .other_cost = 0.01};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});

	step_for_long(&sampler, &fake);
	cr_assert(sampler.has_estimates);
	cr_assert_eq(fake.advices, 0u);
}

Test(poll_sampler, has_no_cost_until_a_period_has_ended)
{
	struct fake fake = {.can_disable = true, .polls_cost = 0.01};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0});

	cr_assert_not(sampler.has_cost);
	step(&sampler, &fake);
	cr_assert(sampler.has_cost);
	cr_assert_eq(sampler.cost_ns, NS_PER_S / 100);
}

Test(poll_sampler, measures_again_what_is_not_known_well_enough)
{
	struct fake fake = {.needs_more = true};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});

	for (int i = 0; i < 3; i++)
		step(&sampler, &fake);
	cr_assert_str_eq(fake.calls, "mmmm");
}

Test(poll_sampler, ends_within_a_window)
{
	struct fake fake = {.polls_cost = 0.01, .other_cost = 0.02};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});
	struct error error;

	step(&sampler, &fake);
	fake.now_ns -= NS_PER_S * 3 / 4;
	cr_assert_eq(poll_sampler__end(&sampler, &error), 0);
	cr_assert_eq(fake.last.length_ns, NS_PER_S / 4);
	cr_assert_eq(fake.last.enabled_ns, NS_PER_S / 4);
	cr_assert_float_eq(sampler.governor.overhead, 0.03, 1e-9);
}

Test(poll_sampler, passes_on_what_fails)
{
	struct fake fake = {.end_result = -EIO};
	struct poll_sampler sampler = start(&fake, (struct poll_sampler_settings){.limit = 0.03});
	struct error error;
	uint64_t delay_ns;

	cr_assert_eq(poll_sampler__step(&sampler, &delay_ns, &error), -EIO);
	cr_assert_str_eq(error.message, "no counts");
}
