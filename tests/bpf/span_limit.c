// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "core/span_limit.h"
#include "probe/settings.h"

#define SECOND_NS UINT64_C(1000000000)

/* Hashes that are spread evenly over all numbers. */
static uint64_t hash_of(uint64_t i)
{
	return (i + 1) * 0x9e3779b97f4a7c15U;
}

/* Returns the number of kept spans of `count` that start `step_ns` apart. */
static uint64_t kept_of(const struct span_limit *limit, uint64_t *clock_ns, uint64_t start_ns,
			uint64_t step_ns, uint64_t count)
{
	uint64_t kept = 0;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t now_ns = start_ns + i * step_ns;

		if (hash_of(i) >= span_limit_threshold(limit, *clock_ns, now_ns))
			continue;
		if (*clock_ns < now_ns)
			*clock_ns = now_ns;
		*clock_ns += limit->interval_ns;
		kept++;
	}
	return kept;
}

Test(bpf_span_limit, a_burst_from_the_first_span_on_fits_into_half_of_the_queue)
{
	struct span_limit limit;
	uint64_t clock_ns = 0;

	probe_set_span_limit(8000, 2048, &limit);
	cr_assert_eq(limit.burst_ns, 1024 * limit.interval_ns);
	cr_assert_leq(kept_of(&limit, &clock_ns, SECOND_NS, 0, 1000000), 1024);
	/* Three quarters of the bucket are kept without sampling. */
	clock_ns = 0;
	cr_assert_eq(kept_of(&limit, &clock_ns, SECOND_NS, 0, 768), 768);
}

Test(bpf_span_limit, the_default_keeps_most_of_a_second_at_once)
{
	struct span_limit limit;
	uint64_t clock_ns = 0;

	probe_set_span_limit(8000, 16384, &limit);
	cr_assert_eq(kept_of(&limit, &clock_ns, SECOND_NS, 0, 6000), 6000);
	cr_assert_leq(kept_of(&limit, &clock_ns, SECOND_NS, 0, 1000000), 2000);
}

Test(bpf_span_limit, the_rate_holds_for_any_load)
{
	static const uint64_t steps_ns[] = {1000, 8000, 50000, 120000};

	for (size_t i = 0; i < sizeof(steps_ns) / sizeof(steps_ns[0]); i++) {
		struct span_limit limit;
		uint64_t clock_ns = 0, kept;

		probe_set_span_limit(8000, 16384, &limit);
		kept = kept_of(&limit, &clock_ns, SECOND_NS, steps_ns[i],
			       10 * SECOND_NS / steps_ns[i]);
		cr_assert_leq(kept, 8000 + 10 * 8000, "%lu", kept);
		cr_assert_geq(kept, 10 * 7990, "%lu", kept);
	}
}

Test(bpf_span_limit, below_the_rate_every_span_is_kept)
{
	struct span_limit limit;
	uint64_t clock_ns = 0;

	probe_set_span_limit(8000, 2048, &limit);
	cr_assert_eq(kept_of(&limit, &clock_ns, SECOND_NS, 126000, 100000), 100000);
}

Test(bpf_span_limit, the_bucket_fills_up_while_nothing_happens)
{
	struct span_limit limit;
	uint64_t clock_ns = 0, first = 0;

	probe_set_span_limit(40, 16384, &limit);
	first = kept_of(&limit, &clock_ns, SECOND_NS, 0, 10000);
	cr_assert_geq(first, 30);
	cr_assert_leq(first, 40);
	cr_assert_eq(kept_of(&limit, &clock_ns, SECOND_NS, 0, 1), 0);
	cr_assert_eq(kept_of(&limit, &clock_ns, 3 * SECOND_NS, 0, 30), 30);
}

Test(bpf_span_limit, an_empty_bucket_keeps_no_trace)
{
	struct span_limit limit;

	probe_set_span_limit(1, 16384, &limit);
	cr_assert_eq(span_limit_threshold(&limit, SECOND_NS, SECOND_NS), UINT64_MAX);
	cr_assert_eq(span_limit_threshold(&limit, 2 * SECOND_NS, SECOND_NS), 0);
	/* Sessions of kept traces take more than the bucket has. */
	cr_assert_eq(span_limit_threshold(&limit, 20 * SECOND_NS, SECOND_NS), 0);
}

Test(bpf_span_limit, without_a_limit)
{
	struct span_limit limit;

	probe_set_span_limit(0, 2048, &limit);
	cr_assert_eq(limit.interval_ns, 0u);
}
