/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SNAPSHOT_APP_SAMPLES_H
#define SCOTTYSCOPE_SNAPSHOT_APP_SAMPLES_H

/* Histograms of all applications, taken at each sample: the number of services, and the time since
 * the last check. A timer of the tool takes the samples, every --app-sample (30 s, as Scotty 0.3.3
 * does): a build may lack a hook for Scotty's own timer, and several exports may run. */

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define APP_SERVICES_BOUNDS 12
#define APP_AGE_BOUNDS	    15

extern const double app_services_bounds[APP_SERVICES_BOUNDS];
extern const double app_age_bounds[APP_AGE_BOUNDS]; /* seconds */

/* Cumulative counts; the last bucket has the values above all bounds. Starts zeroed. */
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
