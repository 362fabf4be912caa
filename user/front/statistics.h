/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_STATISTICS_H
#define SCOTTYSCOPE_FRONT_STATISTICS_H

#include <stdint.h>

#include "export/statistics.h"

/* The largest value of a count: the largest integer below which a double, Prometheus' type of values,
 * is exact. Sums of a thousand of them fit in 64 bits. */
#define FRONT_STATISTICS_LIMIT (UINT64_C(1) << 53)

/* The payload of a MESSAGE_STATISTICS: the counters of one front process since its start. */
struct front_statistics {
	struct export_statistics exporter;
	uint64_t scrapes; /* of /metrics, answered */
	uint64_t scrape_failures;
};

/* Raises the counters of `known` to those of `received`, which a front sent: a counter never becomes
 * less, and none becomes more than the limit. Takes the queue size, which is no counter. */
void front_statistics__raise(struct front_statistics *known,
			     const struct front_statistics *received);

/* Returns the sums of all fronts before, and the present one. */
struct front_statistics front_statistics__sum(const struct front_statistics *before,
					      const struct front_statistics *present);

#endif
