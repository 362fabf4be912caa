// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

void config_headers__free(struct config_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(headers[i].value);
		free(headers[i].name);
	}
	free(headers);
}

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
}

static void wipe_headers(const struct config_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		wipe(headers[i].value);
}

void config_otlp__wipe(const struct config_otlp *otlp)
{
	wipe_headers(otlp->headers, otlp->header_count);
	wipe_headers(otlp->metrics_headers, otlp->metrics_header_count);
	wipe_headers(otlp->traces_headers, otlp->traces_header_count);
	wipe(otlp->client_key);
}

void config__free(struct config *config)
{
	if (!config)
		return;

	struct config_otlp *otlp = &config->otlp;

	config_otlp__wipe(otlp);
	config_headers__free(otlp->headers, otlp->header_count);
	config_headers__free(otlp->metrics_headers, otlp->metrics_header_count);
	config_headers__free(otlp->traces_headers, otlp->traces_header_count);
	free(otlp->metrics_target);
	free(otlp->traces_target);
	free(otlp->certificate_path);
	free(otlp->client_certificate);
	free(otlp->client_key);
	free(config->config_path);
	free(config->debug_directory);
	free(config->executable);
	free(config->listen_host);
	free(config->allowed_host);
	free(config->front_user);
	free(config->service_name);
	free(config->resource_attributes);
	free(config);
}
