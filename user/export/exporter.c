// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/export.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "export/client.h"
#include "export/lane.h"

#define SIGNAL_COUNT 2

struct exporter {
	struct export_lane *lanes[SIGNAL_COUNT]; /* NULL: that signal is not sent */
	bool uses_library;
};

int exporter__new(const struct config_otlp *config, struct exporter **ret_exporter,
		  struct error *error)
{
	const char *const targets[SIGNAL_COUNT] = {
		[EXPORT_METRICS] = config->metrics_target,
		[EXPORT_SPANS] = config->traces_target,
	};
	_cleanup_(exporter__freep) struct exporter *exporter = calloc(1, sizeof(*exporter));

	if (!exporter)
		return error_out_of_memory(error);
	for (unsigned int signal = 0; signal < SIGNAL_COUNT; signal++) {
		int r;

		if (!targets[signal])
			continue;
		if (!exporter->uses_library)
			export_library_init();
		exporter->uses_library = true;
		r = export_lane__new(config, signal, &exporter->lanes[signal], error);
		if (r < 0)
			return r;
	}
	*ret_exporter = TAKE_PTR(exporter);
	return 0;
}

void exporter__queue(struct exporter *exporter, enum export_signal signal, const uint8_t *request,
		     size_t size, uint64_t items)
{
	if (exporter->lanes[signal])
		export_lane__queue(exporter->lanes[signal], request, size, items);
}

void exporter__new_collection(struct exporter *exporter)
{
	if (exporter->lanes[EXPORT_METRICS])
		export_lane__supersede(exporter->lanes[EXPORT_METRICS]);
}

void exporter__flush(struct exporter *exporter, uint64_t deadline_ns)
{
	uint64_t until_ns = clock_monotonic_ns() + deadline_ns;

	for (unsigned int signal = 0; signal < SIGNAL_COUNT; signal++) {
		if (exporter->lanes[signal])
			export_lane__begin_drain(exporter->lanes[signal]);
	}
	for (unsigned int signal = 0; signal < SIGNAL_COUNT; signal++) {
		if (exporter->lanes[signal])
			export_lane__drain(exporter->lanes[signal], until_ns);
	}
}

void exporter__statistics(struct exporter *exporter, struct export_statistics *ret_statistics)
{
	struct export_counts metrics = {0}, spans = {0};

	if (exporter->lanes[EXPORT_METRICS])
		export_lane__counts(exporter->lanes[EXPORT_METRICS], &metrics);
	if (exporter->lanes[EXPORT_SPANS])
		export_lane__counts(exporter->lanes[EXPORT_SPANS], &spans);

	*ret_statistics = (struct export_statistics){
		.requests_sent = metrics.requests_sent + spans.requests_sent,
		.requests_retried = metrics.requests_retried + spans.requests_retried,
		.queue_bytes = metrics.queue_bytes + spans.queue_bytes,

		.metric_points_sent = metrics.items_sent,
		.points_rejected = metrics.items_rejected,
		.metric_requests_dropped_queue_full = metrics.requests_queue_full,
		.metric_requests_dropped_expired = metrics.requests_expired,
		.metric_requests_dropped_superseded = metrics.requests_superseded,
		.metric_requests_dropped_refused = metrics.requests_refused,

		.spans_sent = spans.items_sent,
		.spans_rejected = spans.items_rejected,
		.spans_dropped_queue_full = spans.items_queue_full,
		.spans_dropped_expired = spans.items_expired,
		.spans_dropped_refused = spans.items_refused,
	};
}

bool exporter__problem(struct exporter *exporter, enum export_signal signal, char *reason,
		       size_t reason_size)
{
	if (!exporter->lanes[signal])
		return false;
	return export_lane__problem(exporter->lanes[signal], reason, reason_size);
}

void exporter__free(struct exporter *exporter)
{
	if (!exporter)
		return;
	for (unsigned int signal = 0; signal < SIGNAL_COUNT; signal++)
		export_lane__free(exporter->lanes[signal]);
	if (exporter->uses_library)
		export_library_shutdown();
	free(exporter);
}
