/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_GOVERNOR_H
#define SCOTTYSCOPE_GOVERN_GOVERNOR_H

/* Keeps the CPU time that the probes take from the target within a limit, by the duty cycle of the
 * poll probes: polls are by far the most frequent events, and their metrics can be estimated. */

#include <stdbool.h>
#include <stdint.h>

/* A smaller duty cycle would say nothing about polls. */
#define GOVERNOR_LEAST_RATIO 0.02

struct governor {
	double limit;	 /* a ratio of the target's possible CPU time; 0: none */
	double ratio;	 /* of the time with enabled poll probes; 1: always */
	double overhead; /* of the last period, in the unit of `limit` */
	/* Of the last periods, each with less weight than the next one: */
	double recent_polls_ns; /* cost of all polls in a period, the mean */
	double evidence_ns;	/* cost of the other probes while polls were enabled, the sum */
	bool polls_hardly_cost; /* the others are above the limit, and sampling polls saves little */
};

/* The cost of a period, in nanoseconds. */
struct governor_period {
	uint64_t length_ns;
	uint64_t enabled_ns;	/* poll probes were enabled for this long */
	uint64_t capacity_ns;	/* the target's possible CPU time */
	uint64_t polls_cost_ns; /* of the hooks of polls */
	uint64_t other_cost_ns; /* of all other hooks */
};

/* Decides on the ratio for the next period. */
void governor__decide(struct governor *governor, const struct governor_period *period);

#endif
