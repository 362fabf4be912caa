// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/app_samples.h"

const double app_services_bounds[APP_SERVICES_BOUNDS] = {0, 1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 50};

/* Checks come every few minutes, every 15 by default. */
const double app_age_bounds[APP_AGE_BOUNDS] = {1,   5,	  10,	30,   60,   120,   300,	 600,
					       900, 1200, 1800, 3600, 7200, 21600, 86400};

static size_t bucket_of(double value, const double *bounds, size_t count)
{
	size_t bucket = 0;

	while (bucket < count && value > bounds[bucket])
		bucket++;
	return bucket;
}

void app_samples__take(struct app_samples *samples, const struct app *apps, size_t count,
		       uint64_t now_ns)
{
	for (size_t i = 0; i < count; i++) {
		const struct app *app = &apps[i];
		/* One may have been inspected after the time was taken. */
		uint64_t age_ns = now_ns > app->checked_ns ? now_ns - app->checked_ns : 0;
		double age = (double)age_ns / 1e9;

		samples->count++;
		samples->services_sum += app->services;
		samples->services_buckets[bucket_of(app->services, app_services_bounds,
						    APP_SERVICES_BOUNDS)]++;
		samples->age_sum += age;
		samples->age_buckets[bucket_of(age, app_age_bounds, APP_AGE_BOUNDS)]++;
	}
}
