// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/values.h"

#define DEFAULT_LISTEN_HOST "127.0.0.1"
#define DEFAULT_LISTEN_PORT 9464

/* The option of the command line that is this variable in a file. */
static const struct file_entry *find_in_file(const struct file *file, const char *name)
{
	const struct file_entry *entry = NULL;

	if (strcmp(name, "OTEL_EXPORTER_OTLP_ENDPOINT") == 0)
		entry = file__find(file, "otlp-endpoint");
	return entry ? entry : file__find(file, name);
}

struct variable environment__find(const struct file *file, const char *name)
{
	const char *text = getenv(name);
	const struct file_entry *entry;

	if (text && *text)
		return (struct variable){.name = name, .text = text};
	entry = find_in_file(file, name);
	if (!entry || *entry->text == '\0')
		return (struct variable){.name = name};
	return (struct variable){.name = entry->label, .text = entry->text, .is_in_file = true};
}

int environment__number(const struct file *file, const char *name, uint64_t lowest,
			uint64_t highest, uint64_t *value, struct error *error)
{
	struct variable variable = environment__find(file, name);

	return variable.text ? value_parse_number(variable.name, variable.text, lowest, highest,
						  value, error)
			     : 0;
}

int environment__boolean(const struct file *file, const char *name, bool *value,
			 struct error *error)
{
	struct variable variable = environment__find(file, name);

	return variable.text ? value_parse_boolean(variable.name, variable.text, value, error) : 0;
}

int environment__choice(const struct file *file, const char *name, const char *const *choices,
			size_t count, size_t *value, struct error *error)
{
	struct variable variable = environment__find(file, name);

	return variable.text ? value_parse_choice(variable.name, variable.text, choices, count,
						  value, error)
			     : 0;
}

int environment__text(const struct file *file, const char *name, char **text, struct error *error)
{
	struct variable variable = environment__find(file, name);

	if (!variable.text)
		return 0;
	free(*text);
	*text = strdup(variable.text);
	return *text ? 0 : error_out_of_memory(error);
}

static int apply_resource(struct config *config, const struct file *file, struct error *error)
{
	static const char name[] = "OTEL_RESOURCE_ATTRIBUTES";
	struct variable attributes = environment__find(file, name);
	struct config_header *pairs;
	size_t count;
	int r;

	if (attributes.text) {
		r = value_parse_pairs(attributes.name, attributes.text, &pairs, &count, error);
		if (r < 0)
			return r;
		value_free_pairs(pairs, count);
	}
	r = environment__text(file, name, &config->resource_attributes, error);
	if (r < 0)
		return r;
	return environment__text(file, "OTEL_SERVICE_NAME", &config->service_name, error);
}

static int apply_listen(struct config *config, const char *name, const char *address,
			const struct file *file, struct error *error)
{
	uint64_t port = DEFAULT_LISTEN_PORT;
	int r;

	if (address)
		return value_parse_address(name, address, &config->listen_host,
					   &config->listen_port, error);
	config->listen_host = strdup(DEFAULT_LISTEN_HOST);
	if (!config->listen_host)
		return error_out_of_memory(error);
	r = environment__text(file, "OTEL_EXPORTER_PROMETHEUS_HOST", &config->listen_host, error);
	if (r < 0)
		return r;
	r = environment__number(file, "OTEL_EXPORTER_PROMETHEUS_PORT", 0, UINT16_MAX, &port, error);
	config->listen_port = (uint16_t)port;
	return r;
}

/* Whether something happens that one option can ask for or, with "none", forbid. */
static bool is_on(const char *option, bool by_default)
{
	return option ? strcmp(option, "none") != 0 : by_default;
}

static bool is_in_environment(const char *name)
{
	const char *text = getenv(name);

	return text && *text;
}

/* Where to listen: the command line asks for it; a file only says where, or not to, and not where
 * the environment does. */
static int decide_listen(struct config *config, const struct options *options, bool by_default,
			 struct error *error)
{
	const struct file_entry *entry = file__find(options->file, "listen");

	if (options->listen)
		return is_on(options->listen, true)
			       ? apply_listen(config, "--listen", options->listen, NULL, error)
			       : 0;
	if (!by_default)
		return 0;
	if (!entry || is_in_environment("OTEL_EXPORTER_PROMETHEUS_HOST") ||
	    is_in_environment("OTEL_EXPORTER_PROMETHEUS_PORT"))
		return apply_listen(config, NULL, NULL, options->file, error);
	return is_on(entry->text, true)
		       ? apply_listen(config, entry->label, entry->text, NULL, error)
		       : 0;
}

int environment__apply(struct config *config, const struct options *options, struct error *error)
{
	const struct file *file = options->file;
	bool is_disabled = false;
	int r = environment__boolean(file, "OTEL_SDK_DISABLED", &is_disabled, error);

	if (r < 0)
		return r;

	bool by_default = config->command == COMMAND_RUN && !config->once && !is_disabled;

	r = apply_resource(config, file, error);
	/* `health` asks at the address that `run` listens on. */
	if (r == 0)
		r = decide_listen(config, options, by_default || config->command == COMMAND_HEALTH,
				  error);
	if (r == 0 && is_on(options->otlp_endpoint, by_default))
		r = environment__apply_otlp(&config->otlp, options->otlp_endpoint, file, error);
	if (r == 0 && config->otlp.traces_target)
		environment__apply_sampler(config, file);
	return r;
}
