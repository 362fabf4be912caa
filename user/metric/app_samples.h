/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_APP_SAMPLES_H
#define SCOTTYSCOPE_METRIC_APP_SAMPLES_H

/* What is observed of every application at each sample: how many services it has, how long ago it
 * was inspected. Samples are taken by a timer of the tool's own, as often as Scotty 0.3.3 takes
 * its: by nothing that a build may lack, nor by an export, of which there may be several. */

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define APP_SERVICES_BOUNDS 12
#define APP_AGE_BOUNDS	    15

extern const double app_services_bounds[APP_SERVICES_BOUNDS];
extern const double app_age_bounds[APP_AGE_BOUNDS]; /* seconds */

/* Counts up to each bound, the last one those above all; cumulative. Starts zeroed. */
struct app_samples {
	uint64_t count; /* of applications in all samples */
	uint64_t services_buckets[APP_SERVICES_BOUNDS + 1];
	uint64_t services_sum;
	uint64_t age_buckets[APP_AGE_BOUNDS + 1];
	double age_sum;
};

/* Takes a sample of `count` applications at the monotonic time `now_ns`. */
void app_samples__take(struct app_samples *samples, const struct app *apps, size_t count,
		       uint64_t now_ns);

#endif
