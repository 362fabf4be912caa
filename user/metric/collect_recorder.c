// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/collect_internal.h"

static void collect_flows(struct metric_set *set, const struct snapshot *snapshot)
{
	const __u64 *events = snapshot->totals.counters.events;

	metric_add_count(set, METRIC_ID_OAUTH_DEVICE_FLOWS, events[EVENT_OAUTH_DEVICE_FLOWS]);
	metric_add_count(set, METRIC_ID_OAUTH_WEB_FLOWS, events[EVENT_OAUTH_WEB_FLOWS]);
	/* A build without the hook never records a failure, so the compiler removed the function. */
	if (snapshot->plan->hooks[HOOK_OAUTH_FLOW_FAILURE].wanted)
		metric_add_count(set, METRIC_ID_OAUTH_FLOW_FAILURES,
				 events[EVENT_OAUTH_FLOW_FAILURES]);
	metric_add_count(set, METRIC_ID_OAUTH_TOKEN_VALIDATIONS, events[EVENT_OAUTH_VALIDATIONS]);
	metric_add_count(set, METRIC_ID_OAUTH_TOKEN_VALIDATION_FAILURES,
			 events[EVENT_OAUTH_VALIDATION_FAILURES]);
	metric_add_histogram(set, METRIC_ID_OAUTH_TOKEN_VALIDATION_DURATION,
			     &snapshot->totals.validations, snapshot->layout->http);
}

static void collect_sessions(struct metric_set *set, const struct snapshot_totals *totals)
{
	if (totals->oauth_sessions[OAUTH_DEVICE])
		metric_add_count(set, METRIC_ID_OAUTH_DEVICE_FLOW_SESSIONS_ACTIVE,
				 totals->oauth_sessions[OAUTH_DEVICE] - 1);
	if (totals->oauth_sessions[OAUTH_WEB])
		metric_add_count(set, METRIC_ID_OAUTH_WEB_FLOW_SESSIONS_ACTIVE,
				 totals->oauth_sessions[OAUTH_WEB] - 1);
	metric_add_count(set, METRIC_ID_OAUTH_SESSIONS_EXPIRED_CLEANED,
			 totals->counters.events[EVENT_OAUTH_EXPIRED]);
}

static void collect_rate_limits(struct metric_set *set, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->rate_limit_count; i++) {
		const struct snapshot_rate_limit *limit = &snapshot->rate_limits[i];
		const struct metric_attribute attributes[] = {
			{"tier", limit->tier},
			{"decision", limit->is_denied ? "denied" : "allowed"},
		};
		struct metric_point *point = metric_set__point(
			set,
			metric_set__metric(set, metric_describe(METRIC_ID_RATE_LIMIT_REQUESTS)),
			attributes, 2);

		if (point)
			point->integer = (int64_t)limit->count;
	}
}

void metric_collect_recorder(struct metric_set *set, const struct snapshot *snapshot)
{
	if (plan__has(snapshot->plan, INSTR_OAUTH_FLOWS))
		collect_flows(set, snapshot);
	if (plan__has(snapshot->plan, INSTR_OAUTH_SESSIONS))
		collect_sessions(set, &snapshot->totals);
	if (!plan__has(snapshot->plan, INSTR_RATE_LIMITS))
		return;
	metric_add_count(set, METRIC_ID_RATE_LIMIT_EXTRACTOR_ERRORS,
			 snapshot->totals.counters.events[EVENT_RATE_LIMIT_ERRORS]);
	collect_rate_limits(set, snapshot);
}
