// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/governor.h"

/* All polls are watched again only where there is this much more room than they took last: to be exact
 * and to estimate in turns serves nobody. */
#define ROOM_TO_WATCH_ALL 1.25

void governor__decide(struct governor *governor, const struct governor_period *period)
{
	double capacity_ns = (double)period->capacity_ns;
	double room_ns = governor->limit * capacity_ns - (double)period->other_cost_ns;
	double all_polls_ns, possible;

	if (period->capacity_ns == 0 || period->length_ns == 0)
		return;
	governor->overhead = (double)(period->polls_cost_ns + period->other_cost_ns) / capacity_ns;
	if (governor->limit <= 0) {
		governor->share = 1;
		return;
	}
	if (period->watched_ns == 0)
		return;
	all_polls_ns = (double)period->polls_cost_ns * (double)period->length_ns /
		       (double)period->watched_ns;
	if (room_ns <= 0)
		possible = 0;
	else
		possible = all_polls_ns > 0 ? room_ns / all_polls_ns : ROOM_TO_WATCH_ALL;
	if (governor->share >= 1 ? possible >= 1 : possible >= ROOM_TO_WATCH_ALL)
		governor->share = 1;
	else if (possible < GOVERNOR_LEAST_SHARE)
		governor->share = GOVERNOR_LEAST_SHARE;
	else
		governor->share = possible < 1 ? possible : 1 / ROOM_TO_WATCH_ALL;
}
