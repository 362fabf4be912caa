// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "command/publish.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command/resource.h"
#include "ipc/message.h"
#include "metric/collect.h"
#include "metric/collect_apps.h"
#include "span/record.h"

/* A collection is bounded by the number of label sets; this is far above any. */
#define COLLECTION_LIMIT_BYTES ((size_t)64 * 1024 * 1024)

struct applications {
	struct app_list list;
	struct app_samples samples;
};

/* Brings the list up to date; the first time that it is known, at once a sample of it. */
static int read_applications(struct publisher *publisher, bool sample, struct error *error)
{
	struct applications *applications = publisher->applications;
	bool was_known = applications->list.check > 0;
	int r;

	if (!plan__has(publisher->subject->plan, INSTR_APPLICATIONS))
		return 0;
	r = probe__read_apps(publisher->probe, &applications->list, error);
	if (r >= 0 && applications->list.check > 0 && (sample || !was_known))
		app_samples__take(&applications->samples, applications->list.items,
				  applications->list.count, clock_monotonic_ns());
	return r;
}

int publisher__sample_applications(struct publisher *publisher, struct error *error)
{
	return read_applications(publisher, true, error);
}

static int take_record(void *context, const struct ring_record *record)
{
	struct publisher *publisher = context;

	publisher->counters.records++;
	publisher->scene.route = NULL;
	if (record->kind == RECORD_HTTP_REQUEST && record->http_request.route != ROUTE_UNMATCHED)
		publisher->scene.route = probe__route(publisher->probe, record->http_request.route);
	if (publisher->spans->count == publisher->spans->limit &&
	    publisher__send_spans(publisher, NULL) < 0)
		span_batch__clear(publisher->spans);
	if (span_add_record(publisher->spans, record, &publisher->scene) < 0) {
		publisher->counters.spans_dropped++;
		return 0;
	}
	publisher->counters.spans_made++;
	if (record->kind == RECORD_HTTP_REQUEST)
		exemplars__add(publisher->exemplars, &record->span, &record->http_request,
			       publisher->scene.clock_offset_ns);
	return 0;
}

int publisher__init(struct publisher *publisher, struct error *error)
{
	int r;

	publisher->resource_arena = arena__new(0);
	publisher->collection_arena = arena__new(COLLECTION_LIMIT_BYTES);
	publisher->spans = span_batch__new(publisher->config->otlp.span_batch);
	publisher->applications = calloc(1, sizeof(*publisher->applications));
	publisher->estimate = calloc(1, sizeof(*publisher->estimate));
	publisher->exemplars = exemplars__new(probe__histograms(publisher->probe)->http,
					      publisher->config->max_series);
	if (!publisher->resource_arena || !publisher->collection_arena || !publisher->spans ||
	    !publisher->applications || !publisher->estimate || !publisher->exemplars)
		return error_out_of_memory(error);
	r = resource__describe(publisher->config, publisher->subject, publisher->resource_arena,
			       &publisher->resource, error);
	if (r < 0)
		return r;
	publisher->target_is_up = true;
	publisher->counters.polls_watched = 1;
	trace_limit__init(&publisher->trace_limit, publisher->probe,
			  publisher->config->max_span_rate);
	publisher->scene.server_address = resource__host_name(publisher->resource_arena);
	publisher->scene.server_port = process__port(publisher->subject->target);
	return ring__new(probe__ring_fd(publisher->probe), take_record, publisher, &publisher->ring,
			 error);
}

void publisher__done(struct publisher *publisher)
{
	ring__free(publisher->ring);
	span_batch__free(publisher->spans);
	free(publisher->applications);
	free(publisher->estimate);
	exemplars__free(publisher->exemplars);
	arena__free(publisher->collection_arena);
	arena__free(publisher->resource_arena);
}

int publisher__drain(struct publisher *publisher, struct error *error)
{
	int r;

	publisher->scene.clock_offset_ns = clock_realtime_offset_ns();
	r = ring__drain(publisher->ring);
	publisher->counters.malformed_records = ring__malformed(publisher->ring);
	if (r < 0)
		return error_set(error, r, "cannot read the ring buffer: %m");
	return trace_limit__settle(&publisher->trace_limit, error);
}

struct send_context {
	struct publisher *publisher;
	enum message_kind kind;
	uint16_t flags;
	uint64_t sequence;
	struct error *error;
};

static int send_request(void *context, const uint8_t *request, size_t size)
{
	struct send_context *send = context;

	return message__send(front__socket_fd(send->publisher->front), send->kind, send->flags,
			     send->sequence, request, size, send->error);
}

int publisher__send_spans(struct publisher *publisher, struct error *error)
{
	struct send_context send = {
		.publisher = publisher,
		.kind = MESSAGE_SPANS,
		.sequence = publisher->spans->count,
		.error = error,
	};
	int r = 0;

	if (publisher->spans->count == 0)
		return 0;
	if (publisher->front)
		r = otlp_encode_spans(&publisher->resource, publisher->spans, send_request, &send,
				      error);
	if (r < 0)
		publisher->counters.spans_dropped += publisher->spans->count;
	span_batch__clear(publisher->spans);
	return r;
}

int publisher__collect(struct publisher *publisher, struct metric_set **ret_set,
		       struct error *error)
{
	struct probe_attachment attachment = probe__attachment(publisher->probe);
	struct probe_totals totals;
	struct metric_set *set;
	int r;

	arena__reset(publisher->collection_arena);
	probe__forget_dead_threads(publisher->probe);
	set = metric_set__new(publisher->collection_arena, probe__start_ns(publisher->probe),
			      clock_realtime_ns());
	if (!set)
		return error_out_of_memory(error);
	set->names = publisher->config->metric_names;
	r = probe__read_totals(publisher->probe, &totals, error);
	if (r >= 0)
		estimate__add(publisher->estimate, &totals);
	if (r >= 0)
		r = metric_collect_target(set, publisher->probe, &totals, publisher->subject->plan,
					  publisher->subject->target, publisher->exemplars,
					  publisher->target_is_up, error);
	if (r >= 0)
		r = read_applications(publisher, false, error);
	if (r < 0)
		return r;
	metric_collect_apps(set, &publisher->applications->list, &publisher->applications->samples,
			    plan__has(publisher->subject->plan, INSTR_APP_STATUSES));
	publisher->counters.traces_kept = publisher->trace_limit.rate.share;
	publisher->counters.collections++;
	self_collect(set, &totals, &attachment, &publisher->counters);
	if (arena__failed(publisher->collection_arena))
		return error_out_of_memory(error);
	*ret_set = set;
	return 0;
}

int publisher__send_metrics(struct publisher *publisher, uint16_t flags, uint64_t sequence,
			    struct error *error)
{
	struct send_context send = {
		.publisher = publisher,
		.kind = MESSAGE_METRICS,
		.flags = flags,
		.sequence = sequence,
		.error = error,
	};
	struct metric_set *set;
	int r;

	if (!publisher->front)
		return 0;
	r = publisher__collect(publisher, &set, error);
	if (r < 0)
		return r;
	r = otlp_encode_metrics(&publisher->resource, set, send_request, &send, error);
	if (r < 0)
		return r;
	return message__send(front__socket_fd(publisher->front), MESSAGE_METRICS_END, flags,
			     sequence, NULL, 0, error);
}

int publisher__close_spans(struct publisher *publisher, struct error *error)
{
	struct probe_totals totals;
	int r = probe__read_totals(publisher->probe, &totals, error);

	if (r >= 0)
		publisher->counters.spans_unfinished = self_open_spans(&totals);
	return r;
}

uint64_t publisher__lost(struct publisher *publisher, struct error *error)
{
	struct probe_totals totals;

	if (probe__read_totals(publisher->probe, &totals, error) < 0)
		return 0;
	return self_total_lost(&totals, &publisher->counters);
}
