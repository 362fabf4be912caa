// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "self/self.h"

#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"

static const struct metric_description hook_hits = {"scottyscope.probe.hits", "{hit}",
						    "Hits of probes by hook.", METRIC_COUNTER};
static const struct metric_description losses = {
	"scottyscope.lost", "{event}", "What was lost, by cause (see observability/METRICS.md).",
	METRIC_COUNTER};
static const struct metric_description checks = {
	"scottyscope.checks", "{event}", "What checks of assumptions about the target found.",
	METRIC_COUNTER};
static const struct metric_description sites = {"scottyscope.probe.sites", "{site}",
						"Attached probe sites.", METRIC_GAUGE};
static const struct metric_description attach_duration = {
	"scottyscope.probe.attach.duration", "s", "Time that attaching took.", METRIC_GAUGE};
static const struct metric_description probes_cost = {
	"scottyscope.probe.cpu.time", "s",
	"CPU time that probes took from the process, as measured now and then.", METRIC_COUNTER};
static const struct metric_description probes_overhead = {
	"scottyscope.probe.overhead", "1",
	"The same, of late, as a share of the CPU time that the process could have had.",
	METRIC_GAUGE};
static const struct metric_description polls_watched = {
	"scottyscope.polls.watched", "1",
	"Share of the time that polls are watched: below 1 their metrics are estimates.",
	METRIC_GAUGE};
static const struct metric_description records = {"scottyscope.ring.records", "{record}",
						  "Records taken from the ring buffer.",
						  METRIC_COUNTER};
static const struct metric_description spans = {"scottyscope.spans.made", "{span}",
						"Spans assembled.", METRIC_COUNTER};
static const struct metric_description open_spans = {
	"scottyscope.spans.open", "{span}", "Sampled spans that have not ended.", METRIC_GAUGE};
static const struct metric_description left_out_spans = {
	"scottyscope.spans.left_out", "{span}",
	"Spans left out, as more than --max-span-rate began.", METRIC_COUNTER};
static const struct metric_description traces_kept = {
	"scottyscope.traces.kept", "1",
	"Share of the sampled traces that is kept: below 1 where more spans begin than "
	"--max-span-rate.",
	METRIC_GAUGE};
static const struct metric_description collections = {"scottyscope.collections", "{collection}",
						      "Collections of metrics.", METRIC_COUNTER};
static const struct metric_description restarts = {
	"scottyscope.front.restarts", "{restart}",
	"How often the unprivileged process was started again.", METRIC_COUNTER};
static const struct metric_description sent = {"scottyscope.export.requests", "{request}",
					       "OTLP requests that the collector accepted.",
					       METRIC_COUNTER};
static const struct metric_description retries = {"scottyscope.export.retries", "{request}",
						  "Attempts to send after the first.",
						  METRIC_COUNTER};
static const struct metric_description sent_items = {
	"scottyscope.export.items", "{item}",
	"Metric points and spans that the collector accepted.", METRIC_COUNTER};
static const struct metric_description queue = {"scottyscope.export.queue", "By",
						"Bytes that wait for the collector.", METRIC_GAUGE};
static const struct metric_description scrapes = {
	"scottyscope.scrapes", "{scrape}", "Requests for /metrics, by outcome.", METRIC_COUNTER};
static const struct metric_description cpu = {
	"scottyscope.process.cpu.time", "s", "CPU time of the privileged process.", METRIC_COUNTER};
static const struct metric_description memory = {
	"scottyscope.process.memory.rss.max", "By",
	"Highest resident memory of the privileged process.", METRIC_GAUGE};

static void add(struct metric_set *set, const struct metric_description *description,
		const char *key, const char *value, uint64_t count)
{
	const struct metric_attribute attribute = {key, value};
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, description), &attribute, 1);

	if (point)
		point->integer = (int64_t)count;
}

uint64_t self_open_spans(const struct probe_totals *totals)
{
	uint64_t started = totals->counters.events[EVENT_SPANS_STARTED];
	uint64_t ended = totals->counters.events[EVENT_SPANS_ENDED];

	/* The two are not read at the same moment. */
	return started > ended ? started - ended : 0;
}

static void collect_kernel_side(struct metric_set *set, const struct probe_totals *totals)
{
	metric_set__add_integer(set, &open_spans, (int64_t)self_open_spans(totals));
	metric_set__add_integer(set, &left_out_spans,
				(int64_t)totals->counters.events[EVENT_SPANS_LEFT_OUT]);
#define X(identifier, name, help) \
	add(set, &hook_hits, "hook", name, totals->counters.hits[HOOK_##identifier]);
	HOOK_LIST(X)
#undef X
#define X(identifier, name, help) \
	add(set, &losses, "cause", name, totals->counters.losses[LOSS_##identifier]);
	LOSS_LIST(X)
#undef X
#define X(identifier, name, help) \
	add(set, &checks, "check", name, totals->counters.checks[CHECK_##identifier]);
	CHECK_LIST(X)
#undef X
}

/* X(cause, expression over `counters`): what user space loses; the same list makes the total. */
#define USER_LOSS_LIST(X)                                                           \
	X("malformed_record", counters->malformed_records)                          \
	X("span_batch_full", counters->spans_dropped)                               \
	X("span_unfinished", counters->spans_unfinished)                            \
	X("metrics_queue_full", counters->front.metric_requests_dropped_queue_full) \
	X("metrics_superseded", counters->front.metric_requests_dropped_superseded) \
	X("metrics_expired", counters->front.metric_requests_dropped_expired)       \
	X("metrics_refused", counters->front.metric_requests_dropped_refused)       \
	X("points_rejected", counters->front.points_rejected)                       \
	X("spans_queue_full", counters->front.spans_dropped_queue_full)             \
	X("spans_expired", counters->front.spans_dropped_expired)                   \
	X("spans_refused", counters->front.spans_dropped_refused)                   \
	X("spans_rejected", counters->front.spans_rejected)

static void collect_user_side(struct metric_set *set, const struct self_counters *counters)
{
#define X(cause, count) add(set, &losses, "cause", cause, count);
	USER_LOSS_LIST(X)
#undef X
	metric_set__add_integer(set, &records, (int64_t)counters->records);
	metric_set__add_integer(set, &spans, (int64_t)counters->spans_made);
	metric_set__add_real(set, &traces_kept, counters->traces_kept);
	metric_set__add_integer(set, &collections, (int64_t)counters->collections);
	metric_set__add_integer(set, &restarts, (int64_t)counters->front_restarts);
	metric_set__add_integer(set, &sent, (int64_t)counters->front.requests_sent);
	metric_set__add_integer(set, &retries, (int64_t)counters->front.requests_retried);
	metric_set__add_integer(set, &queue, (int64_t)counters->front.queue_bytes);
	add(set, &sent_items, "kind", "points", counters->front.metric_points_sent);
	add(set, &sent_items, "kind", "spans", counters->front.spans_sent);
	add(set, &scrapes, "outcome", "answered", counters->front.scrapes);
	add(set, &scrapes, "outcome", "failed", counters->front.scrape_failures);
}

static void collect_cost(struct metric_set *set, const struct self_counters *counters)
{
	struct timespec time;
	struct rusage usage;

	metric_set__add_real(set, &probes_cost, (double)counters->probes_cost_ns / 1e9);
	metric_set__add_real(set, &probes_overhead, counters->probes_overhead);
	metric_set__add_real(set, &polls_watched, counters->polls_watched);
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0)
		metric_set__add_real(set, &cpu, (double)time.tv_sec + (double)time.tv_nsec / 1e9);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		metric_set__add_integer(set, &memory, (int64_t)usage.ru_maxrss * 1024);
}

void self_collect(struct metric_set *set, const struct probe_totals *totals,
		  const struct probe_attachment *attachment, const struct self_counters *counters)
{
	collect_kernel_side(set, totals);
	collect_user_side(set, counters);
	metric_set__add_integer(set, &sites, (int64_t)attachment->sites);
	metric_set__add_real(set, &attach_duration,
			     (double)attachment->attach_ns / (double)NS_PER_S);
	collect_cost(set, counters);
}

uint64_t self_total_lost(const struct probe_totals *totals, const struct self_counters *counters)
{
	uint64_t total = 0;

	for (int i = 0; i < LOSS_COUNT; i++)
		total += totals->counters.losses[i];
#define X(cause, count) total += count;
	USER_LOSS_LIST(X)
#undef X
	return total;
}
