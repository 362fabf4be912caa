// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "base/array.h"
#include "server.h"

/* What Scotty's recorder tells, and what is left without it. */

#define RECORD                                              \
	"<scotty::metrics::otel_recorder::OtelRecorder as " \
	"scotty::metrics::recorder_trait::MetricsRecorder>::record_"
#define BY_RECORDER "Scotty's recorder"
#define BY_MAPS	    "the maps that Scotty counts and cleans up for its recorder"

#define ALL_OF_THE_RECORDER                                                                 \
	HOOK_OAUTH_DEVICE_FLOW, HOOK_OAUTH_WEB_FLOW, HOOK_OAUTH_FLOW_FAILURE,               \
		HOOK_OAUTH_VALIDATION, HOOK_OAUTH_DEVICE_SESSIONS, HOOK_OAUTH_WEB_SESSIONS, \
		HOOK_OAUTH_EXPIRED, HOOK_RATE_LIMIT_ALLOWED, HOOK_RATE_LIMIT_DENIED,        \
		HOOK_RATE_LIMIT_ERROR

Test(plan_recorder, a_build_with_it_tells_all)
{
	static const enum hook hooks[] = {ALL_OF_THE_RECORDER};
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);

	expect_strategy(plan, INSTR_OAUTH_FLOWS, BY_RECORDER);
	expect_strategy(plan, INSTR_OAUTH_SESSIONS, BY_RECORDER);
	expect_strategy(plan, INSTR_RATE_LIMITS, BY_RECORDER);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		expect_wanted(plan, hooks[i], true);
	/* Both at once would count twice. */
	expect_wanted(plan, HOOK_OAUTH_SAMPLE, false);
	expect_wanted(plan, HOOK_OAUTH_CLEANUP, false);
	expect_wanted(plan, HOOK_OAUTH_CLEANED, false);
	plan__free(plan);
}

/* The functions that clean up are there all the same, but are never called. */
Test(plan_recorder, a_build_without_it_tells_none_of_it_and_all_else)
{
	struct plan *plan =
		plan_of_server(&(struct server){WITHOUT(ALL_OF_THE_RECORDER)}, &full_kernel);

	EXPECT_ALL_BUT(plan, INSTR_OAUTH_FLOWS, INSTR_OAUTH_SESSIONS, INSTR_RATE_LIMITS);
	expect_missing(plan, INSTR_OAUTH_FLOWS,
		       "not in the executable: " RECORD "oauth_device_flow_start");
	expect_missing(plan, INSTR_OAUTH_SESSIONS,
		       "not in the executable: " RECORD "oauth_device_sessions");
	expect_missing(plan, INSTR_RATE_LIMITS,
		       "not in the executable: " RECORD "rate_limit_allowed");
	expect_wanted(plan, HOOK_OAUTH_SAMPLE, false);
	expect_wanted(plan, HOOK_OAUTH_CLEANUP, false);
	expect_wanted(plan, HOOK_OAUTH_CLEANED, false);
	plan__free(plan);
}

/* As Scotty 0.3.3 is: a flow's failure is never recorded, and of the recorder's functions for
 * sessions there is none. */
Test(plan_recorder, sessions_are_looked_up_where_no_function_tells_them)
{
	struct plan *plan = plan_of_server(
		&(struct server){WITHOUT(HOOK_OAUTH_FLOW_FAILURE, HOOK_OAUTH_DEVICE_SESSIONS,
					 HOOK_OAUTH_WEB_SESSIONS, HOOK_OAUTH_EXPIRED)},
		&full_kernel);

	cr_expect_eq(plan__available(plan), INSTR_COUNT);
	expect_strategy(plan, INSTR_OAUTH_SESSIONS, BY_MAPS);
	expect_wanted(plan, HOOK_OAUTH_FLOW_FAILURE, false);
	expect_wanted(plan, HOOK_OAUTH_SAMPLE, true);
	expect_wanted(plan, HOOK_OAUTH_CLEANUP, true);
	expect_wanted(plan, HOOK_OAUTH_CLEANED, true);
	plan__free(plan);
}

Test(plan_recorder, some_of_the_functions_for_sessions_will_not_do)
{
	static const enum hook hooks[] = {HOOK_OAUTH_DEVICE_SESSIONS, HOOK_OAUTH_WEB_SESSIONS,
					  HOOK_OAUTH_EXPIRED};

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		struct server server = {.without = {hooks[i]}, .without_count = 1};
		struct plan *plan = plan_of_server(&server, &full_kernel);

		expect_strategy(plan, INSTR_OAUTH_SESSIONS, BY_MAPS);
		for (size_t other = 0; other < ARRAY_SIZE(hooks); other++)
			expect_wanted(plan, hooks[other], false);
		plan__free(plan);

		server.without[server.without_count++] = HOOK_OAUTH_SAMPLE;
		plan = plan_of_server(&server, &full_kernel);
		EXPECT_ALL_BUT(plan, INSTR_OAUTH_SESSIONS);
		/* What is the first in rank misses: the longest reason of all is among these. */
		cr_expect(strncmp(plan->instrumentations[INSTR_OAUTH_SESSIONS].reason,
				  "not in the executable: " RECORD "oauth_",
				  strlen("not in the executable: " RECORD "oauth_")) == 0);
		cr_expect_str_eq(strrchr(plan->instrumentations[INSTR_OAUTH_SESSIONS].reason, ':') +
					 1,
				 strrchr(catalogue_hooks[hooks[i]].functions[0].path, ':') + 1);
		plan__free(plan);
	}
}

Test(plan_recorder, each_instrumentation_needs_its_own_functions)
{
	static const struct {
		enum hook hook;
		enum instrumentation_id id;
		const char *function;
	} samples[] = {
		{HOOK_OAUTH_DEVICE_FLOW, INSTR_OAUTH_FLOWS, RECORD "oauth_device_flow_start"},
		{HOOK_OAUTH_WEB_FLOW, INSTR_OAUTH_FLOWS, RECORD "oauth_web_flow_start"},
		{HOOK_OAUTH_VALIDATION, INSTR_OAUTH_FLOWS, RECORD "oauth_token_validation"},
		{HOOK_RATE_LIMIT_ALLOWED, INSTR_RATE_LIMITS, RECORD "rate_limit_allowed"},
		{HOOK_RATE_LIMIT_DENIED, INSTR_RATE_LIMITS, RECORD "rate_limit_denied"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct server server = {.without = {samples[i].hook}, .without_count = 1};
		struct plan *plan = plan_of_server(&server, &full_kernel);
		char reason[sizeof(plan->instrumentations[0].reason)];

		snprintf(reason, sizeof(reason), "not in the executable: %s", samples[i].function);
		EXPECT_ALL_BUT(plan, samples[i].id);
		expect_missing(plan, samples[i].id, reason);
		plan__free(plan);
	}
}

/* Its functions do not need tokio's to be understood. */
Test(plan_recorder, it_tells_without_the_polls)
{
	struct plan *plan = plan_of_server(
		&(struct server){WITHOUT(HOOK_POLL_START, HOOK_TASK_COMPLETE)}, &full_kernel);

	cr_expect_null(plan__has(plan, INSTR_TOKIO_POLLS));
	expect_strategy(plan, INSTR_OAUTH_FLOWS, BY_RECORDER);
	expect_strategy(plan, INSTR_OAUTH_SESSIONS, BY_RECORDER);
	expect_strategy(plan, INSTR_RATE_LIMITS, BY_RECORDER);
	plan__free(plan);
}
