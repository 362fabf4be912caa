// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "command/print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/output.h"
#include "prom/text.h"
#include "report/report.h"
#include "web/listen.h"

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

static int print_prometheus(const struct agent_result *result, struct error *error)
{
	_cleanup_(requests_done) struct requests requests = {0};
	int r = otlp_encode_metrics(result->resource, result->set, keep_request, &requests, error);

	if (r < 0)
		return r;
	return prom_write_text(stdout, PROM_FORMAT_TEXT, requests.items, requests.count, error);
}

static void print_text(const struct config *config, const struct agent_result *result)
{
	char url[WEB_URL_SIZE];
	struct report_context context = {
		.executable_path = result->process->executable_path,
		.pid = (int)result->process->pid,
		.snapshot = result->snapshot,
		.counters = result->counters,
		.metrics_target = config->otlp.metrics_target,
		.traces_target = config->otlp.traces_target,
	};

	if (result->port) {
		web_listen__url(config->listen_host, result->port, url, sizeof(url));
		context.metrics_url = url;
	}
	report_print_text(result->set, &context, stdout);
}

static int write_result(const struct config *config, const struct agent_result *result,
			struct error *error)
{
	if (config->once && config->format == FORMAT_PROMETHEUS)
		return print_prometheus(result, error);
	if (config->once && config->format == FORMAT_JSON)
		return report_print_json(result->set, result->resource, stdout, error);
	if (config->once || config->report)
		print_text(config, result);
	return 0;
}

int print_result(const struct config *config, const struct agent_result *result,
		 struct error *error)
{
	int r = write_result(config, result, error);

	/* The reason of a failed write, rather than which text it was. */
	return r >= 0 || ferror(stdout) ? output__flush(error) : r;
}
