// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/statistics.h"

static void cap(uint64_t *count)
{
	if (*count > FRONT_STATISTICS_LIMIT)
		*count = FRONT_STATISTICS_LIMIT;
}

static void raise_to(uint64_t *known, uint64_t received)
{
	if (received > *known)
		*known = received;
	cap(known);
}

void front_statistics__raise(struct front_statistics *known,
			     const struct front_statistics *received)
{
#define X(field) raise_to(&known->exporter.field, received->exporter.field);
	EXPORT_COUNTER_LIST(X)
#undef X
	raise_to(&known->scrapes, received->scrapes);
	raise_to(&known->scrape_failures, received->scrape_failures);
	known->exporter.queue_bytes = received->exporter.queue_bytes;
	cap(&known->exporter.queue_bytes);
}

struct front_statistics front_statistics__sum(const struct front_statistics *before,
					      const struct front_statistics *present)
{
	struct front_statistics sum = *before;

	export_statistics__add(&sum.exporter, &present->exporter);
#define X(field) cap(&sum.exporter.field);
	EXPORT_COUNTER_LIST(X)
#undef X
	sum.scrapes += present->scrapes;
	sum.scrape_failures += present->scrape_failures;
	cap(&sum.scrapes);
	cap(&sum.scrape_failures);
	return sum;
}
