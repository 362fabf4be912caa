/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_STATISTICS_H
#define SCOTTYSCOPE_FRONT_STATISTICS_H

#include <stdint.h>

#include "export/statistics.h"

/* The payload of a MESSAGE_STATISTICS: the counters of one front process since its start. */
struct front_statistics {
	struct export_statistics exporter;
	uint64_t scrapes; /* of /metrics, answered */
	uint64_t scrape_failures;
};

#endif
