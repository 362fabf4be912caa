/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_PROGRAM_TIME_H
#define SCOTTYSCOPE_GOVERN_PROGRAM_TIME_H

/* What a run of a program takes, from sums that the kernel keeps. A run that loses its CPU counts with all
 * the time until it has one again, and one such run of ten milliseconds would outweigh thousands: so it
 * is the median of the averages of some stretches of time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM_TIME_AVERAGES 5

struct program_time {
	uint64_t runs; /* at the last stretch's end, and what they took together */
	uint64_t run_ns;
	uint64_t averages_ns[PROGRAM_TIME_AVERAGES]; /* the latest ones, in no order */
	size_t count;				     /* of all there were */
};

/* Takes the sums as they are now, which may end a stretch: too few runs do not. */
void program_time__take(struct program_time *time, uint64_t runs, uint64_t run_ns);

/* What a run takes; 0 where none was measured. */
uint64_t program_time__ns(const struct program_time *time);

/* Whether there were enough stretches for one to be an outlier. */
bool program_time__is_settled(const struct program_time *time);

#endif
