/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SNAPSHOT_PEAK_HISTORY_H
#define SCOTTYSCOPE_SNAPSHOT_PEAK_HISTORY_H

/* Peaks of a value since any earlier read. The kernel keeps one peak, and a read resets that peak.
 * With several readers, each read would take the peak from the others. The history keeps the peak
 * of every interval between two reads, so each reader gets the peak of its own interval: from its
 * last read until now. */

#include <stddef.h>
#include <stdint.h>

/* A read: the peak of the interval that ends at `time_ns`. */
struct peak {
	uint64_t time_ns;
	uint64_t value;
};

/* Ascending times and strictly descending values: an earlier peak that is not above a later one
 * can never be the answer (the monotonic queue of a sliding window maximum). Zeroed: empty. */
#define PEAK_HISTORY_LIMIT 512

struct peak_history {
	struct peak peaks[PEAK_HISTORY_LIMIT];
	size_t count;
};

/* Adds the peak of the interval since the last addition. `time_ns` does not decrease. Over the limit,
 * the two oldest intervals become one, which has the higher peak. */
void peak_history__add(struct peak_history *history, uint64_t time_ns, uint64_t value);

/* The highest value of all intervals that end after `since_ns`; 0 for none. */
uint64_t peak_history__since(const struct peak_history *history, uint64_t since_ns);

#endif
