/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_GOVERNOR_H
#define SCOTTYSCOPE_GOVERN_GOVERNOR_H

/* Keeps what the probes take of the target's CPU time within a limit, by watching polls for a share of
 * the time only: they are by far the most frequent, and their metrics can be estimated. */

#include <stdint.h>

/* Less would tell nothing of polls any more. */
#define GOVERNOR_LEAST_SHARE 0.02

struct governor {
	double limit;	 /* a share of the CPU time that the target could have; 0: none */
	double share;	 /* of the time, that polls are to be watched; 1: all */
	double overhead; /* of the last period, as `limit` */
};

/* What a period took, in nanoseconds. */
struct governor_period {
	uint64_t length_ns;
	uint64_t watched_ns;	/* for so long polls were watched in it */
	uint64_t capacity_ns;	/* the CPU time that the target could have had */
	uint64_t polls_cost_ns; /* of hooks of polls */
	uint64_t other_cost_ns; /* of all others */
};

/* Decides on the share for the next period. */
void governor__decide(struct governor *governor, const struct governor_period *period);

#endif
