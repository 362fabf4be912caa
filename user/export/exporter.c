// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/exporter.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "export/sender.h"

struct exporter {
	struct export_sender *senders[EXPORT_SIGNAL_COUNT]; /* NULL: no target */
};

int exporter__open_program(int *ret_fd, struct error *error)
{
	const struct export_transport *transport = export_transport__choose();

	*ret_fd = 0;
	return transport->open_program ? transport->open_program(ret_fd, error) : 0;
}

int exporter__new(const struct config_otlp *config, struct exporter **ret_exporter,
		  struct error *error)
{
	const char *const targets[EXPORT_SIGNAL_COUNT] = {
		[EXPORT_METRICS] = config->metrics_target,
		[EXPORT_SPANS] = config->traces_target,
	};
	_cleanup_(exporter__freep) struct exporter *exporter = calloc(1, sizeof(*exporter));

	if (!exporter)
		return error_out_of_memory(error);
	for (unsigned int signal = 0; signal < EXPORT_SIGNAL_COUNT; signal++) {
		int r;

		if (!targets[signal])
			continue;
		r = export_sender__new(config, signal, export_transport__choose(),
				       &exporter->senders[signal], error);
		if (r < 0)
			return r;
	}
	*ret_exporter = TAKE_PTR(exporter);
	return 0;
}

void exporter__queue(struct exporter *exporter, enum export_signal signal, const uint8_t *request,
		     size_t size, uint64_t items)
{
	if (exporter->senders[signal])
		export_sender__queue(exporter->senders[signal], request, size, items);
}

void exporter__new_snapshot(struct exporter *exporter)
{
	if (exporter->senders[EXPORT_METRICS])
		export_sender__supersede(exporter->senders[EXPORT_METRICS]);
}

void exporter__flush(struct exporter *exporter, uint64_t timeout_ns)
{
	uint64_t deadline_ns = clock_monotonic_ns() + timeout_ns;

	for (unsigned int signal = 0; signal < EXPORT_SIGNAL_COUNT; signal++) {
		if (exporter->senders[signal])
			export_sender__begin_drain(exporter->senders[signal]);
	}
	for (unsigned int signal = 0; signal < EXPORT_SIGNAL_COUNT; signal++) {
		if (exporter->senders[signal])
			export_sender__drain(exporter->senders[signal], deadline_ns);
	}
}

void exporter__statistics(struct exporter *exporter, struct export_statistics *ret_statistics)
{
	struct export_counts metrics = {0}, spans = {0};

	if (exporter->senders[EXPORT_METRICS])
		export_sender__counts(exporter->senders[EXPORT_METRICS], &metrics);
	if (exporter->senders[EXPORT_SPANS])
		export_sender__counts(exporter->senders[EXPORT_SPANS], &spans);

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
	if (!exporter->senders[signal])
		return false;
	return export_sender__problem(exporter->senders[signal], reason, reason_size);
}

void exporter__free(struct exporter *exporter)
{
	if (!exporter)
		return;
	for (unsigned int signal = 0; signal < EXPORT_SIGNAL_COUNT; signal++)
		export_sender__free(exporter->senders[signal]);
	free(exporter);
}
