// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/collect_parts.h"

static void add_count(struct metric_set *set, enum metric_id id, uint64_t count)
{
	metric_set__add_integer(set, metric_describe(id), (int64_t)count);
}

static void collect_flows(struct metric_set *set, const struct probe_totals *totals,
			  const struct plan *plan)
{
	const __u64 *events = totals->counters.events;

	add_count(set, METRIC_ID_OAUTH_DEVICE_FLOWS, events[EVENT_OAUTH_DEVICE_FLOWS]);
	add_count(set, METRIC_ID_OAUTH_WEB_FLOWS, events[EVENT_OAUTH_WEB_FLOWS]);
	/* A build that never records one has lost the function for it. */
	if (plan->hooks[HOOK_OAUTH_FLOW_FAILURE].wanted)
		add_count(set, METRIC_ID_OAUTH_FLOW_FAILURES, events[EVENT_OAUTH_FLOW_FAILURES]);
	add_count(set, METRIC_ID_OAUTH_TOKEN_VALIDATIONS, events[EVENT_OAUTH_VALIDATIONS]);
	add_count(set, METRIC_ID_OAUTH_TOKEN_VALIDATION_FAILURES,
		  events[EVENT_OAUTH_VALIDATION_FAILURES]);
	metric_add_histogram(set, METRIC_ID_OAUTH_TOKEN_VALIDATION_DURATION, &totals->validations,
			     totals->histograms->http);
}

static void collect_sessions(struct metric_set *set, const struct probe_totals *totals)
{
	if (totals->oauth_sessions[OAUTH_DEVICE])
		add_count(set, METRIC_ID_OAUTH_DEVICE_FLOW_SESSIONS_ACTIVE,
			  totals->oauth_sessions[OAUTH_DEVICE] - 1);
	if (totals->oauth_sessions[OAUTH_WEB])
		add_count(set, METRIC_ID_OAUTH_WEB_FLOW_SESSIONS_ACTIVE,
			  totals->oauth_sessions[OAUTH_WEB] - 1);
	add_count(set, METRIC_ID_OAUTH_SESSIONS_EXPIRED_CLEANED,
		  totals->counters.events[EVENT_OAUTH_EXPIRED]);
}

static int add_rate_limit(void *context, const struct rate_limit_key *key, uint64_t count)
{
	struct metric_set *set = context;
	const struct metric_attribute attributes[] = {
		{"tier", key->tier},
		{"decision", key->is_denied ? "denied" : "allowed"},
	};
	struct metric_point *point = metric_set__point(
		set, metric_set__metric(set, metric_describe(METRIC_ID_RATE_LIMIT_REQUESTS)),
		attributes, 2);

	if (point)
		point->integer = (int64_t)count;
	return 0;
}

int metric_collect_recorder(struct metric_set *set, struct probe *probe,
			    const struct probe_totals *totals, const struct plan *plan,
			    struct error *error)
{
	if (plan__has(plan, INSTR_OAUTH_FLOWS))
		collect_flows(set, totals, plan);
	if (plan__has(plan, INSTR_OAUTH_SESSIONS))
		collect_sessions(set, totals);
	if (!plan__has(plan, INSTR_RATE_LIMITS))
		return 0;
	add_count(set, METRIC_ID_RATE_LIMIT_EXTRACTOR_ERRORS,
		  totals->counters.events[EVENT_RATE_LIMIT_ERRORS]);
	return probe__for_each_rate_limit(probe, add_rate_limit, set, error);
}
