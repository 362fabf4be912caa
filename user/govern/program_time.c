// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/program_time.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/compare.h"

/* Minimum runs per average. */
#define RUNS_LEAST 4

#define SETTLED_COUNT 3

void program_time__take(struct program_time *time, uint64_t runs, uint64_t run_ns)
{
	uint64_t more = runs - time->runs;

	if (more < RUNS_LEAST)
		return;
	time->averages_ns[time->count++ % PROGRAM_TIME_AVERAGES] = (run_ns - time->run_ns) / more;
	time->runs = runs;
	time->run_ns = run_ns;
}

uint64_t program_time__ns(const struct program_time *time)
{
	uint64_t sorted[PROGRAM_TIME_AVERAGES];
	size_t count = time->count < PROGRAM_TIME_AVERAGES ? time->count : PROGRAM_TIME_AVERAGES;

	if (count == 0)
		return 0;
	memcpy(sorted, time->averages_ns, count * sizeof(sorted[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare_u64);
	return sorted[(count - 1) / 2];
}

bool program_time__is_settled(const struct program_time *time)
{
	return time->count >= SETTLED_COUNT;
}
