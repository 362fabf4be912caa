// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/parse.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "config/command_line.h"
#include "config/file.h"
#include "config/option_table.h"
#include "config/otlp.h"
#include "config/sampler.h"
#include "config/sources.h"
#include "config/values.h"

/* Fields without an option. */
static const struct config fixed = {
	.ring_bytes = 4 * 1024 * 1024,
};

struct parsing {
	struct config *config;
	struct sources sources;
	struct error *error;
	/* The option of each set that the file has, for messages. */
	const struct option_row *chosen[SET_COUNT];
};

static int store(const struct parsing *parsing, const struct option_row *row,
		 const struct given *given)
{
	if (!given->text)
		return 0;
	return row->field.store(&row->field, parsing->config, given->name, given->text,
				parsing->error);
}

/* Returns whether the verbosity that was parsed so far logs warnings. */
static bool warns(const struct config *config)
{
	return LOG_LEVEL_INFO + config->verbosity >= LOG_LEVEL_WARNING;
}

/* Stores the value. A variable that may be ignored counts as not set if its value is not accepted. */
static int store_or_ignore(struct parsing *parsing, const struct option_row *row,
			   const struct given *given)
{
	struct error *reason = parsing->error;
	struct given other;
	int r = store(parsing, row, given);

	parsing->sources.warns = warns(parsing->config);
	if (r >= 0 || !field__may_be_ignored(&row->field) ||
	    !sources__ignore(&parsing->sources, given, reason))
		return r;
	other = sources__find_outside_environment(&parsing->sources, row);
	return store(parsing, row, &other);
}

/* Refuses an option of the file if the file has another option of the same set. */
static int choose(struct parsing *parsing, const struct option_row *row, const struct given *given)
{
	if (given->source != SOURCE_FILE || row->set == SET_NONE || row->set == SET_VERBOSITY)
		return 0;
	if (!row->argument && strcasecmp(given->text, "true") != 0)
		return 0;
	if (parsing->chosen[row->set])
		return error_set(parsing->error, -EINVAL, "%s and %s cannot be given together",
				 given->name, parsing->chosen[row->set]->flag);
	parsing->chosen[row->set] = row;
	return 0;
}

/* Whether the command has a use for the option. */
static bool is_needed(const struct config *config, const struct option_row *row)
{
	if (!option_row__takes(row, config->command))
		return false;
	if (row->need == NEEDS_EXPORT)
		return config->otlp.metrics_target || config->otlp.traces_target;
	return !row->needs_once || config->command != COMMAND_RUN || config->once;
}

/* Stores the value of an option that the command line does not have. */
static int store_row(struct parsing *parsing, const struct option_row *row)
{
	struct given given = sources__default(row);
	int r;

	if (command_line__text(parsing->sources.line, row))
		return 0;
	if (is_needed(parsing->config, row) && !command_line__overrides(parsing->sources.line, row))
		given = sources__find(&parsing->sources, row);
	r = choose(parsing, row, &given);
	return r < 0 ? r : store_or_ignore(parsing, row, &given);
}

/* In the order of the table, in which --once precedes --format. */
static int store_rows(struct parsing *parsing, enum option_need need)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		int r = row->field.store && row->need == need ? store_row(parsing, row) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* Stores the address of /metrics. The two variables precede the --listen of the file, which
 * precedes the same variables in the file. */
static int store_listen_rows(struct parsing *parsing)
{
	const struct option_row *listen = option_row__of_key("listen");
	const struct option_row *host = option_row__of_variable("OTEL_EXPORTER_PROMETHEUS_HOST");
	const struct option_row *port = option_row__of_variable("OTEL_EXPORTER_PROMETHEUS_PORT");
	struct given given = sources__find(&parsing->sources, listen);
	bool is_variable = sources__find(&parsing->sources, host).source == SOURCE_ENVIRONMENT ||
			   sources__find(&parsing->sources, port).source == SOURCE_ENVIRONMENT;
	int r;

	if (given.source == SOURCE_COMMAND_LINE)
		return 0;
	if (given.source == SOURCE_FILE && !is_variable)
		return store(parsing, listen, &given);
	given = sources__default(listen);
	r = store(parsing, listen, &given);
	if (r < 0)
		return r;
	r = store_row(parsing, host);
	if (r < 0)
		return r;
	return store_row(parsing, port);
}

static int store_export_rows(struct parsing *parsing, bool is_default)
{
	const char *endpoint =
		command_line__text(parsing->sources.line, option_row__of_key("otlp-endpoint"));
	struct config *config = parsing->config;
	int r = 0;

	if (endpoint ? strcmp(endpoint, "none") != 0 : is_default)
		r = otlp__read_endpoints(&config->otlp, &parsing->sources, parsing->error);
	if (r < 0)
		return r;
	r = store_rows(parsing, NEEDS_EXPORT);
	if (r < 0 || (!config->otlp.metrics_target && !config->otlp.traces_target))
		return r;
	return otlp__read_rest(&config->otlp, &parsing->sources, parsing->error);
}

static void set_log_level(struct config *config)
{
	int level = LOG_LEVEL_INFO + config->verbosity;

	if (level < LOG_LEVEL_ERROR)
		level = LOG_LEVEL_ERROR;
	config->log_level = level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : (enum log_level)level;
}

/* Only `run --once` prints metrics as Prometheus text. */
static int check_format(const struct parsing *parsing)
{
	const struct config *config = parsing->config;
	const struct option_row *row = option_row__of_key("format");
	struct given given = sources__find(&parsing->sources, row);

	if (given.source == SOURCE_COMMAND_LINE && !is_needed(config, row))
		return error_set(parsing->error, -EINVAL,
				 "--format needs --once, verify or metrics");
	if (config->format == FORMAT_PROMETHEUS && config->command != COMMAND_RUN)
		return value_refuse(parsing->error, given.name, given.text, "text, json");
	return 0;
}

static int read_file(const struct config *config, struct file **ret_file, struct error *error)
{
	return config->config_path ? file__read(config->config_path, ret_file, error) : 0;
}

static int store_all(struct parsing *parsing)
{
	struct config *config = parsing->config;
	bool is_default; /* to listen and to export, without an option that asks for it */
	int r = store_rows(parsing, NEEDS_NOTHING);

	if (r < 0)
		return r;
	set_log_level(config);
	parsing->sources.warns = warns(config);
	r = check_format(parsing);
	if (r < 0)
		return r;
	is_default = config->command == COMMAND_RUN && !config->once && !config->sdk_disabled;
	if (is_default || config->command == COMMAND_HEALTH)
		r = store_listen_rows(parsing);
	if (r < 0)
		return r;
	r = store_export_rows(parsing, is_default);
	if (r < 0)
		return r;
	sampler__set_default(&config->sampler);
	if (config->otlp.traces_target)
		sampler__read(config, &parsing->sources);
	return 0;
}

/* Adds a hint to the error of a value that is not accepted. */
static int add_hint(struct error *error, int code)
{
	if (!error || code != -EINVAL)
		return code;

	return error_set(error, code, "%s; see scottyscope --help", error->message);
}

static void warn_of_exposed_headers(const struct config *config, const struct file *file)
{
	if (file && file->exposed && config->log_level >= LOG_LEVEL_WARNING)
		log_warning("%s: everyone can read the file; chmod o-r keeps it secret",
			    file->exposed->label);
}

/* A user of this host can listen at a loopback address while no collector does. */
static void warn_of_plain_headers(const struct config *config)
{
	const struct config_otlp *otlp = &config->otlp;
	size_t metrics, traces;
	const char *target = NULL;

	config_otlp__metrics_headers(otlp, &metrics);
	config_otlp__traces_headers(otlp, &traces);
	if (otlp->traces_target && !otlp->traces_tls && traces > 0)
		target = otlp->traces_target;
	if (otlp->metrics_target && !otlp->metrics_tls && metrics > 0)
		target = otlp->metrics_target;
	if (target && config->log_level >= LOG_LEVEL_WARNING)
		log_warning("OTLP headers leave without TLS to %s: whoever is on the way, or "
			    "listens there first, can read them (any local user, for a loopback "
			    "address); use an https:// endpoint",
			    target);
}

int config__parse(int argc, char **argv, struct config **ret_config, struct error *error)
{
	_cleanup_(config__freep) struct config *config = malloc(sizeof(*config));
	_cleanup_(file__freep) struct file *file = NULL;
	struct command_line line;
	struct parsing parsing = {.config = config, .sources.line = &line, .error = error};
	int r;

	if (!config)
		return error_out_of_memory(error);
	*config = fixed;
	r = command_line__read(argc, argv, config, &line, error);
	if (r == 0)
		r = read_file(config, &file, error);
	parsing.sources.file = file;
	if (r == 0)
		r = store_all(&parsing);
	if (r < 0)
		return add_hint(error, r);
	warn_of_exposed_headers(config, file);
	warn_of_plain_headers(config);
	*ret_config = TAKE_PTR(config);
	return 0;
}
