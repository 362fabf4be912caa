// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/governor.h"

/* Poll probes stay enabled again only where the limit leaves this factor more than all polls cost:
 * changing often between exact counts and estimates serves nobody. */
#define ROOM_TO_ENABLE_ALL 1.25

/* Sampling makes estimates of exact counts, so where it cannot keep the limit it has to save at least
 * this share of what all other probes cost; half of it where polls are sampled already. */
#define LEAST_SAVING 0.1

/* The weight of the earlier periods in the sums and means of periods. */
#define EARLIER_WEIGHT 0.8

/* The shortest window is 2 % of a period, and no poll may fall into the window of a server with some ten
 * requests a second. Windows in which the other probes cost less than this, too, tell nothing of polls. */
#define LEAST_EVIDENCE_NS 1e6

/* Whether the other probes are above the limit by themselves, so that polls hardly matter. */
static bool is_pointless(const struct governor *governor, const struct governor_period *period,
			 double all_polls_ns)
{
	double least = governor->ratio < 1 ? LEAST_SAVING / 2 : LEAST_SAVING;
	double polls_ns =
		all_polls_ns > governor->recent_polls_ns ? all_polls_ns : governor->recent_polls_ns;

	return governor->evidence_ns >= LEAST_EVIDENCE_NS &&
	       polls_ns < least * (double)period->other_cost_ns;
}

void governor__decide(struct governor *governor, const struct governor_period *period)
{
	double capacity_ns = (double)period->capacity_ns;
	double room_ns = governor->limit * capacity_ns - (double)period->other_cost_ns;
	double all_polls_ns, possible;

	if (period->capacity_ns == 0 || period->length_ns == 0)
		return;
	governor->overhead = (double)(period->polls_cost_ns + period->other_cost_ns) / capacity_ns;
	if (governor->limit <= 0) {
		governor->ratio = 1;
		return;
	}
	if (period->enabled_ns == 0)
		return;
	all_polls_ns = (double)period->polls_cost_ns * (double)period->length_ns /
		       (double)period->enabled_ns;
	governor->evidence_ns = EARLIER_WEIGHT * governor->evidence_ns +
				(double)period->other_cost_ns * (double)period->enabled_ns /
					(double)period->length_ns;
	governor->recent_polls_ns =
		EARLIER_WEIGHT * governor->recent_polls_ns + (1 - EARLIER_WEIGHT) * all_polls_ns;
	governor->polls_hardly_cost = room_ns <= 0 && is_pointless(governor, period, all_polls_ns);
	if (governor->polls_hardly_cost)
		possible = ROOM_TO_ENABLE_ALL;
	else if (room_ns <= 0)
		possible = 0;
	else
		possible = all_polls_ns > 0 ? room_ns / all_polls_ns : ROOM_TO_ENABLE_ALL;
	if (governor->ratio >= 1 ? possible >= 1 : possible >= ROOM_TO_ENABLE_ALL)
		governor->ratio = 1;
	else if (possible < GOVERNOR_LEAST_RATIO)
		governor->ratio = GOVERNOR_LEAST_RATIO;
	else
		governor->ratio = possible < 1 ? possible : 1 / ROOM_TO_ENABLE_ALL;
}
