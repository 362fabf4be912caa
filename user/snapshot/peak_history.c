// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/peak_history.h"

#include <string.h>

/* Drops the second oldest peak; the oldest one, which is higher, then covers both intervals. */
static void merge_oldest(struct peak_history *history)
{
	history->peaks[0].time_ns = history->peaks[1].time_ns;
	history->count--;
	memmove(&history->peaks[1], &history->peaks[2],
		(history->count - 1) * sizeof(history->peaks[0]));
}

void peak_history__add(struct peak_history *history, uint64_t time_ns, uint64_t value)
{
	while (history->count > 0 && history->peaks[history->count - 1].value <= value)
		history->count--;
	if (history->count == PEAK_HISTORY_LIMIT)
		merge_oldest(history);
	history->peaks[history->count++] = (struct peak){time_ns, value};
}

uint64_t peak_history__since(const struct peak_history *history, uint64_t since_ns)
{
	for (size_t i = 0; i < history->count; i++) {
		if (history->peaks[i].time_ns > since_ns)
			return history->peaks[i].value;
	}
	return 0;
}
