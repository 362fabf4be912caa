// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/budget.h"

#include <errno.h>

#include "base/clock.h"

/* A look at the clock costs about as much as this many calls. */
#define CALLS_PER_CLOCK 64

static const struct {
	uint64_t limit;
	const char *noun;
} kinds[BUDGET_COUNT] = {
#define X(kind, limit, noun) {limit, noun},
	BUDGET_LIST(X)
#undef X
};

void budget__init(struct budget *budget)
{
	*budget = (struct budget){.start_ns = clock_monotonic_ns()};
	for (size_t i = 0; i < BUDGET_COUNT; i++)
		budget->limits[i] = kinds[i].limit;
}

static void check_limit(struct budget *budget, enum budget_kind kind)
{
	if (budget->spent[kind] <= budget->limits[kind] || budget->is_exceeded)
		return;
	budget->is_exceeded = true;
	budget->exceeded = kind;
}

int budget__spend(struct budget *budget, enum budget_kind kind, uint64_t amount)
{
	if (__builtin_add_overflow(budget->spent[kind], amount, &budget->spent[kind]))
		budget->spent[kind] = UINT64_MAX;
	check_limit(budget, kind);
	if (budget->until_clock-- == 0) {
		budget->until_clock = CALLS_PER_CLOCK;
		budget->spent[BUDGET_NANOSECONDS] = clock_monotonic_ns() - budget->start_ns;
		check_limit(budget, BUDGET_NANOSECONDS);
	}
	return budget->is_exceeded ? -EDQUOT : 0;
}

int budget__check(const struct budget *budget, const char *subject, struct error *error)
{
	if (!budget->is_exceeded)
		return 0;
	if (budget->exceeded == BUDGET_NANOSECONDS)
		return error_set(error, -EDQUOT, "%s exceeds the limit of %llu seconds", subject,
				 (unsigned long long)budget->limits[BUDGET_NANOSECONDS] / NS_PER_S);
	return error_set(error, -EDQUOT, "%s exceeds the limit of %llu %s", subject,
			 (unsigned long long)budget->limits[budget->exceeded],
			 kinds[budget->exceeded].noun);
}
