/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_PROGRAM_TIME_H
#define SCOTTYSCOPE_GOVERN_PROGRAM_TIME_H

/* The run time of a program, from sums that the kernel keeps. A run that is preempted counts with all
 * the time until the CPU comes back, and one such run of ten milliseconds would outweigh thousands of
 * others. The result is therefore the median of the averages of several stretches of time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM_TIME_AVERAGES 5

struct program_time {
	uint64_t runs; /* at the end of the last stretch, and the sum of their run times */
	uint64_t run_ns;
	uint64_t averages_ns[PROGRAM_TIME_AVERAGES]; /* the latest ones, in no order */
	size_t count;				     /* of all stretches so far */
};

/* Takes the present sums. They end a stretch unless it has too few runs. */
void program_time__take(struct program_time *time, uint64_t runs, uint64_t run_ns);

/* The run time in nanoseconds; 0 where no stretch has ended. */
uint64_t program_time__ns(const struct program_time *time);

/* Whether there were enough stretches for one of them to be an outlier. */
bool program_time__is_settled(const struct program_time *time);

#endif
