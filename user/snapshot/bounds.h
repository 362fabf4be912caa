/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SNAPSHOT_BOUNDS_H
#define SCOTTYSCOPE_SNAPSHOT_BOUNDS_H

/* The bucket bounds by which the kernel side counts durations. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* The bounds of one histogram in nanoseconds, ascending; `count` is at most HISTOGRAM_BOUNDS. */
struct histogram_bounds {
	uint64_t ns[HISTOGRAM_BOUNDS];
	size_t count;
	bool is_exponential; /* bound i is 2 to the power of `lowest_exponent` + i, in seconds */
	int lowest_exponent;
};

extern const struct histogram_bounds histogram_bounds_poll;
extern const struct histogram_bounds histogram_bounds_http;
extern const struct histogram_bounds histogram_bounds_session;

/* The bounds of all histograms. */
struct histogram_layout {
	const struct histogram_bounds *polls; /* also of idle times and first-poll delays */
	const struct histogram_bounds *http;
	const struct histogram_bounds *sessions;
};

extern const struct histogram_layout histogram_layout_explicit;
extern const struct histogram_layout histogram_layout_exponential;

/* The bucket of a value: the first whose bound is not below the value, or the last one. The kernel
 * side counts by the same rule. */
size_t histogram_bounds__bucket(const struct histogram_bounds *bounds, uint64_t value_ns);

/* Adds the counts of `more`, which have the same bounds, to `sum`. */
static inline void histogram_counts__add(struct histogram_counts *sum,
					 const struct histogram_counts *more)
{
	sum->sum_ns += more->sum_ns;
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum->buckets[i] += more->buckets[i];
}

/* The number of values in all buckets. */
static inline uint64_t histogram_counts__total(const struct histogram_counts *counts)
{
	uint64_t total = 0;

	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		total += counts->buckets[i];
	return total;
}

#endif
