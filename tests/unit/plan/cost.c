// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/cost.h"

#include <criterion/criterion.h>

#include "server.h"

/* The trap of the benchmark, for which the programs' times are known. */
static struct plan_kernel kernel_with_trap(uint64_t trap_ns)
{
	struct plan_kernel kernel = full_kernel;

	kernel.trap_ns = trap_ns;
	kernel.step_ns = 17000;
	return kernel;
}

static struct plan *plan_with_context(uint64_t trap_ns, enum level level)
{
	const struct plan_kernel kernel = kernel_with_trap(trap_ns);

	return plan_of_server_at_level(&(struct server){.has_context = true}, &kernel, level);
}

static void expect_ns(const struct plan_cost *cost, double sum_ns)
{
	cr_expect_float_eq((double)cost->lowest_ns, 1.5 * sum_ns, 1);
	cr_expect_float_eq((double)cost->highest_ns, 4 * sum_ns, 1);
}

Test(plan_cost, a_request_hits_six_probes_at_the_level_full)
{
	struct plan *plan = plan_with_context(782, LEVEL_FULL);
	struct plan_cost cost = plan__cost(plan, LEVEL_FULL);

	cr_expect_float_eq(cost.hits, 6, 1e-9);
	cr_expect_float_eq(cost.hits_per_wait, 3, 1e-9);
	expect_ns(&cost, 6 * 782 + 1958 + 617 + 751 + 636 + 1144 + 499);
	plan__free(plan);
}

Test(plan_cost, a_request_hits_five_probes_at_the_level_standard)
{
	struct plan *plan = plan_with_context(782, LEVEL_STANDARD);
	struct plan_cost cost = plan__cost(plan, LEVEL_STANDARD);

	cr_expect_float_eq(cost.hits, 5, 1e-9);
	cr_expect_float_eq(cost.hits_per_wait, 2, 1e-9);
	expect_ns(&cost, 5 * 782 + 1958 + 617 + 751 + 636 + 1144);
	plan__free(plan);
}

Test(plan_cost, a_request_hits_three_probes_at_the_level_basic)
{
	struct plan *full = plan_with_context(782, LEVEL_FULL);
	struct plan *basic = plan_with_context(782, LEVEL_BASIC);
	struct plan_cost costs[] = {plan__cost(full, LEVEL_BASIC), plan__cost(basic, LEVEL_BASIC)};

	for (size_t i = 0; i < ARRAY_SIZE(costs); i++) {
		cr_expect_float_eq(costs[i].hits, 3, 1e-9);
		cr_expect_float_eq(costs[i].hits_per_wait, 0, 1e-9);
		expect_ns(&costs[i], 3 * 782 + 1958 + 617 + 751);
	}
	plan__free(full);
	plan__free(basic);
}

/* Without tokio's context, the poll probes must stay attached. */
Test(plan_cost, polls_count_at_every_level_where_they_cannot_be_detached)
{
	const struct plan_kernel kernel = kernel_with_trap(782);
	struct plan *plan = plan_of_server_at_level(&(struct server){}, &kernel, LEVEL_BASIC);
	struct plan_cost cost = plan__cost(plan, LEVEL_BASIC);

	cr_expect_float_eq(cost.hits, 5, 1e-9);
	plan__free(plan);
}

Test(plan_cost, a_wake_up_passes_one_of_two_functions)
{
	const struct plan_kernel kernel = kernel_with_trap(782);
	struct plan *plan = plan_of_server(&(struct server){WITHOUT(HOOK_TASK_SCHEDULE)}, &kernel);
	struct plan_cost cost = plan__cost(plan, LEVEL_FULL);

	cr_expect_float_eq(cost.hits, 6, 1e-9);
	expect_ns(&cost, 6 * 782 + 1958 + 617 + 751 + 636 + 1144 + 499);
	plan__free(plan);
}

Test(plan_cost, programs_scale_with_the_trap)
{
	struct plan *fast = plan_with_context(391, LEVEL_FULL);
	struct plan_cost cost = plan__cost(fast, LEVEL_FULL);

	expect_ns(&cost, (6 * 782 + 1958 + 617 + 751 + 636 + 1144 + 499) / 2.0);
	plan__free(fast);
}

Test(plan_cost, a_single_stepped_site_costs_a_single_step)
{
	const struct plan_kernel kernel = kernel_with_trap(782);
	struct plan *plan = plan_of_server(
		&(struct server){.more = {{"<hyper::proto::h1::role::Server as "
					   "hyper::proto::h1::Http1Transaction>::parse",
					   EXPENSIVE}}},
		&kernel);
	struct plan_cost cost = plan__cost(plan, LEVEL_FULL);

	cr_expect(plan->hooks[HOOK_HTTP_PARSE].has_expensive_site);
	expect_ns(&cost, 5 * 782 + 17000 + 1958 + 617 + 751 + 636 + 1144 + 499);
	plan__free(plan);
}

Test(plan_cost, an_unknown_trap_gives_no_time)
{
	struct plan *plan = plan_with_context(0, LEVEL_FULL);
	struct plan_cost cost = plan__cost(plan, LEVEL_FULL);

	cr_expect_float_eq(cost.hits, 6, 1e-9);
	cr_expect_eq(cost.lowest_ns, 0);
	cr_expect_eq(cost.highest_ns, 0);
	plan__free(plan);
}

Test(plan_cost, percent_of_a_cpu)
{
	cr_expect_float_eq(plan_percent_of_cpu(10000), 1.0, 1e-9);
	cr_expect_float_eq(plan_percent_of_cpu(0), 0, 1e-9);
}

Test(plan_cost, time_of_one_program)
{
	const struct plan_kernel kernel = {.trap_ns = 782}, fast = {.trap_ns = 391}, unknown = {0};

	cr_assert_eq(plan_program_ns(&kernel, HOOK_HTTP_PARSE), 1958u);
	cr_assert_eq(plan_program_ns(&fast, HOOK_HTTP_PARSE), 979u);
	cr_assert_gt(plan_program_ns(&kernel, HOOK_FRAME_IN), 100u);
	cr_assert_eq(plan_program_ns(&unknown, HOOK_HTTP_PARSE), 0u);
}
