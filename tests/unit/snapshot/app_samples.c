// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/app_samples.h"

#include <criterion/criterion.h>

#define SECOND_NS UINT64_C(1000000000)

Test(metric_app_samples, counts_each_application)
{
	const struct app apps[] = {
		{.checked_ns = 10 * SECOND_NS, .services = 3},
		{.checked_ns = 40 * SECOND_NS, .services = 0},
		{.checked_ns = 99 * SECOND_NS, .services = 51},
	};
	struct app_samples samples = {0};

	app_samples__take(&samples, apps, 3, 40 * SECOND_NS);
	cr_expect_eq(samples.count, 3);
	cr_expect_eq(samples.services_sum, 54);
	cr_expect_eq(samples.services_buckets[0], 1, "bucket of 0 services");
	cr_expect_eq(samples.services_buckets[3], 1, "bucket of 3 services");
	cr_expect_eq(samples.services_buckets[APP_SERVICES_BOUNDS], 1, "more than the last bound");
	cr_expect_float_eq(samples.age_sum, 30.0, 1e-9);
	cr_expect_eq(samples.age_buckets[3], 1, "30 s are within the bound of 30 s");
	cr_expect_eq(samples.age_buckets[0], 2, "just inspected, and later than the sample");
}

Test(metric_app_samples, adds_up)
{
	const struct app app = {.checked_ns = 0, .services = 2};
	struct app_samples samples = {0};

	for (uint64_t i = 1; i <= 4; i++)
		app_samples__take(&samples, &app, 1, i * UINT64_C(30000000000));
	cr_expect_eq(samples.count, 4);
	cr_expect_eq(samples.services_buckets[2], 4);
	cr_expect_float_eq(samples.age_sum, 300.0, 1e-9);
}

Test(metric_app_samples, bounds_ascend)
{
	for (size_t i = 1; i < APP_SERVICES_BOUNDS; i++)
		cr_expect_lt(app_services_bounds[i - 1], app_services_bounds[i]);
	for (size_t i = 1; i < APP_AGE_BOUNDS; i++)
		cr_expect_lt(app_age_bounds[i - 1], app_age_bounds[i]);
}
