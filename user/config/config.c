// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "config/environment.h"
#include "config/options.h"
#include "config/values.h"

/* Times and sizes of the exporter are those of the OpenTelemetry specification. */
static const struct config defaults = {
	.command = COMMAND_RUN,
	.format = FORMAT_TEXT,
	.log_level = LOG_LEVEL_INFO,
	.level = LEVEL_FULL,
	.max_overhead = 0.03,
	.slow_poll_ns = NS_PER_MS,
	.app_sample_ns = 30 * NS_PER_S, /* as Scotty 0.3 does */
	.span_age_limit_ns = 24 * 3600 * NS_PER_S,
	.max_span_rate = 8000,
	.max_series = 1000,
	.max_tasks = 65536,
	.max_connections = 16384,
	.ring_bytes = 4 * 1024 * 1024,
	.sampler = {.kind = SAMPLER_ALWAYS_ON, .parent_based = true, .ratio = 1},
	.otlp =
		{
			.timeout_ns = 10 * NS_PER_S,
			.metric_interval_ns = 60 * NS_PER_S,
			.span_delay_ns = 5 * NS_PER_S,
			.span_queue = 2048,
			.span_batch = 512,
		},
};

void config__free(struct config *config)
{
	if (!config)
		return;

	struct config_otlp *otlp = &config->otlp;

	value_free_pairs(otlp->headers, otlp->header_count);
	value_free_pairs(otlp->metrics_headers, otlp->metrics_header_count);
	value_free_pairs(otlp->traces_headers, otlp->traces_header_count);
	free(otlp->metrics_target);
	free(otlp->traces_target);
	free(otlp->certificate_path);
	free(otlp->client_certificate);
	free(otlp->client_key);
	free(config->config_path);
	free(config->executable);
	free(config->listen_host);
	free(config->service_name);
	free(config->resource_attributes);
	free(config);
}

/* Adds where to look to the error of a bad value, whose text may hold anything: a line it stays. */
static int give_hint(struct error *error, int code)
{
	if (!error || code != -EINVAL)
		return code;

	return error_set(error, code, "%s; see scottyscope --help", error->message);
}

/* Headers are where credentials are. */
static void warn_of_readers(const struct config *config, const struct file *file)
{
	if (file && file->exposed && config->log_level >= LOG_LEVEL_WARNING)
		log_warning("%s: everyone can read the file; chmod o-r keeps it secret",
			    file->exposed->label);
}

int config__parse(int argc, char **argv, struct config **ret_config, struct error *error)
{
	_cleanup_(config__freep) struct config *config = malloc(sizeof(*config));
	_cleanup_(options__done) struct options options = {};
	int r;

	if (!config)
		return error_out_of_memory(error);
	*config = defaults;
	r = options__parse(argc, argv, config, &options, error);
	if (r == 0)
		r = environment__apply(config, &options, error);
	if (r < 0)
		return give_hint(error, r);
	warn_of_readers(config, options.file);
	*ret_config = TAKE_PTR(config);
	return 0;
}
