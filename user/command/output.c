// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "command/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "prom/text.h"
#include "report/report.h"

/* The requests that one collection is encoded to. */
struct requests {
	struct prom_request *items;
	size_t count;
};

static int keep_request(void *context, const uint8_t *request, size_t size)
{
	struct requests *requests = context;
	struct prom_request *items =
		reallocarray(requests->items, requests->count + 1, sizeof(*items));
	uint8_t *copy = items ? malloc(size) : NULL;

	if (items)
		requests->items = items;
	if (!copy)
		return -ENOMEM;
	memcpy(copy, request, size);
	items[requests->count++] = (struct prom_request){.bytes = copy, .size = size};
	return 0;
}

static void requests_done(struct requests *requests)
{
	for (size_t i = 0; i < requests->count; i++)
		free((void *)requests->items[i].bytes);
	free(requests->items);
}

static int print_prometheus(struct publisher *publisher, const struct metric_set *set,
			    struct error *error)
{
	_cleanup_(requests_done) struct requests requests = {0};
	int r = otlp_encode_metrics(&publisher->resource, set, keep_request, &requests, error);

	if (r < 0)
		return r;
	return prom_write_text(stdout, PROM_FORMAT_TEXT, requests.items, requests.count, error);
}

static int print_text(struct publisher *publisher, const struct metric_set *set,
		      struct error *error)
{
	const struct config *config = publisher->config;
	char url[256];
	struct report_context context = {
		.executable_path = publisher->subject->target->executable_path,
		.pid = (int)publisher->subject->target->pid,
		.lost = publisher__lost(publisher, error),
		.has_estimates = publisher->counters.has_estimates,
		.collector = config->otlp.metrics_target,
	};

	if (publisher->front && front__port(publisher->front)) {
		snprintf(url, sizeof(url), "http://%s:%u/metrics", config->listen_host,
			 front__port(publisher->front));
		context.metrics_url = url;
	}
	report_print_text(set, &context, stdout);
	return 0;
}

int output__print(struct publisher *publisher, struct error *error)
{
	const struct config *config = publisher->config;
	struct metric_set *set;
	int r;

	if (!config->once && !config->report)
		return 0;
	r = publisher__collect(publisher, &set, error);
	if (r < 0)
		return r;
	if (config->once && config->format == FORMAT_PROMETHEUS)
		return print_prometheus(publisher, set, error);
	if (config->once && config->format == FORMAT_JSON)
		return report_print_json(set, stdout, error);
	return print_text(publisher, set, error);
}
