// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/environment.h"

#include <stdlib.h>
#include <string.h>

#include "config/values.h"

#define DEFAULT_LISTEN_HOST "127.0.0.1"
#define DEFAULT_LISTEN_PORT 9464

const char *environment__get(const char *name)
{
	const char *text = getenv(name);

	return text && *text ? text : NULL;
}

int environment__number(const char *name, uint64_t lowest, uint64_t highest, uint64_t *value,
			struct error *error)
{
	const char *text = environment__get(name);

	return text ? value_parse_number(name, text, lowest, highest, value, error) : 0;
}

int environment__boolean(const char *name, _Bool *value, struct error *error)
{
	const char *text = environment__get(name);

	return text ? value_parse_boolean(name, text, value, error) : 0;
}

int environment__choice(const char *name, const char *const *choices, size_t count, size_t *value,
			struct error *error)
{
	const char *text = environment__get(name);

	return text ? value_parse_choice(name, text, choices, count, value, error) : 0;
}

int environment__text(const char *name, char **text, struct error *error)
{
	const char *value = environment__get(name);

	if (!value)
		return 0;
	free(*text);
	*text = strdup(value);
	return *text ? 0 : error_out_of_memory(error);
}

static int apply_resource(struct config *config, struct error *error)
{
	static const char name[] = "OTEL_RESOURCE_ATTRIBUTES";
	const char *attributes = environment__get(name);
	struct config_header *pairs;
	size_t count;
	int r;

	if (attributes) {
		r = value_parse_pairs(name, attributes, &pairs, &count, error);
		if (r < 0)
			return r;
		value_free_pairs(pairs, count);
	}
	r = environment__text(name, &config->resource_attributes, error);
	if (r < 0)
		return r;
	return environment__text("OTEL_SERVICE_NAME", &config->service_name, error);
}

static int apply_listen(struct config *config, const char *address, struct error *error)
{
	uint64_t port = DEFAULT_LISTEN_PORT;
	int r;

	if (address)
		return value_parse_address("--listen", address, &config->listen_host,
					   &config->listen_port, error);
	config->listen_host = strdup(DEFAULT_LISTEN_HOST);
	if (!config->listen_host)
		return error_out_of_memory(error);
	r = environment__text("OTEL_EXPORTER_PROMETHEUS_HOST", &config->listen_host, error);
	if (r < 0)
		return r;
	r = environment__number("OTEL_EXPORTER_PROMETHEUS_PORT", 0, UINT16_MAX, &port, error);
	config->listen_port = (uint16_t)port;
	return r;
}

/* Whether something happens that one option can ask for or, with "none", forbid. */
static _Bool is_on(const char *option, _Bool by_default)
{
	return option ? strcmp(option, "none") != 0 : by_default;
}

int environment__apply(struct config *config, const struct options *options, struct error *error)
{
	_Bool is_disabled = 0;
	int r = environment__boolean("OTEL_SDK_DISABLED", &is_disabled, error);

	if (r < 0)
		return r;

	_Bool by_default = config->command == COMMAND_RUN && !config->once && !is_disabled;

	r = apply_resource(config, error);
	if (r == 0 && is_on(options->listen, by_default))
		r = apply_listen(config, options->listen, error);
	if (r == 0 && is_on(options->otlp_endpoint, by_default))
		r = environment__apply_otlp(&config->otlp, options->otlp_endpoint, error);
	return r;
}
