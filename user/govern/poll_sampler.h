/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_POLL_SAMPLER_H
#define SCOTTYSCOPE_GOVERN_POLL_SAMPLER_H

/* The duty cycle of the poll probes, as a state machine. Each period begins with a sampling window,
 * in which poll probes are enabled, and may end with an off window. The governor sets the window's
 * length from the cost of the periods before; at the basic level the window is empty. The machine
 * knows no probe and no clock: both are behind `struct poll_control`. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "govern/governor.h"

/* The probe and the clock, as the sampler needs them. */
struct poll_control {
	/* Monotonic nanoseconds. */
	uint64_t (*now_ns)(void *context);
	/* Whether enough has been learned from requests to observe everything else without polls. */
	bool (*can_disable)(void *context);
	/* Stops recording polls that start from now on. Polls in progress are recorded to their end. */
	void (*drain)(void *context);
	/* Whether a poll in progress has an event that its end confirms: a response or a frame. */
	bool (*is_draining)(void *context);
	/* Begins to detach the poll probes, which takes tens of milliseconds. */
	void (*disable)(void *context);
	bool (*is_disabling)(void *context);
	/* Attaches the poll probes again. */
	int (*enable)(void *context, struct error *error);
	/* Fills in capacity and costs of a period, whose length and enabled time are set. */
	int (*end_period)(void *context, struct governor_period *period, struct error *error);
	/* Measures the run times of the programs for some milliseconds. `needs_more` says whether a
	 * program has not been measured often enough. */
	int (*measure)(void *context, struct error *error);
	bool (*needs_more)(void *context);
	/* Writes what costs most, and what the user can do: sentences. Returns `text`. */
	const char *(*advise)(void *context, char *text, size_t size);
	void *context;
};

enum poll_sampler_state {
	POLLS_ENABLED,	/* until the end of the sampling window or of the period */
	POLLS_DRAINING, /* until the polls in progress have ended, or for a second */
	POLLS_DISABLED, /* until the end of the period */
};

struct poll_sampler_settings {
	uint64_t period_ns;
	double limit;  /* as governor.limit */
	bool is_basic; /* poll probes are disabled permanently, as soon as possible */
	const char *
		why_not_later; /* why this executable never allows to disable polls; NULL: it does */
};

struct poll_sampler {
	struct poll_sampler_settings settings;
	struct poll_control control;
	struct governor governor;
	enum poll_sampler_state state;
	uint64_t start_ns;   /* of the period */
	uint64_t window_ns;  /* since when poll probes are enabled */
	uint64_t drain_ns;   /* since when polls are draining */
	uint64_t enabled_ns; /* in this period, without the window in progress */
	unsigned int periods;
	unsigned int periods_over_limit; /* in a row, without a way to lower the cost */
	bool has_warned;
	bool is_sampling;
	/* Results. */
	uint64_t cost_ns;     /* of all periods */
	bool has_cost;	      /* a period has ended */
	double enabled_ratio; /* of the last period */
	bool has_estimates;   /* polls were disabled at some time, at a level that reports polls */
};

/* Begins the first period, with poll probes enabled. The caller calls poll_sampler__step() after
 * `*ret_delay_ns`. */
int poll_sampler__init(struct poll_sampler *sampler, const struct poll_sampler_settings *settings,
		       const struct poll_control *control, uint64_t *ret_delay_ns,
		       struct error *error);

/* Makes the next transition. `*ret_delay_ns` is the time until the next call. */
int poll_sampler__step(struct poll_sampler *sampler, uint64_t *ret_delay_ns, struct error *error);

/* Ends the period in progress, so that the last snapshot has all estimates. */
int poll_sampler__end(struct poll_sampler *sampler, struct error *error);

#endif
