// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/help.h"
#include "config/option_table.h"
#include "config/values.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const command_names[] = {
	[COMMAND_RUN] = "run",
	[COMMAND_VERIFY] = "verify",
};

static const char *const format_names[] = {
	[FORMAT_TEXT] = "text",
	[FORMAT_JSON] = "json",
	[FORMAT_PROMETHEUS] = "prometheus",
};

/* What is known while argp goes through the arguments. */
struct parse {
	struct config *config;
	struct options *options;
	struct error *error;
	const char *selection; /* the option that selected the process */
	const char *run_only;  /* an option that verify has no use for */
	const char *format;
	int next; /* the argument that getopt was to look at when argp gave up */
	int verbosity;
	_Bool has_command;
};

static int refuse_pair(struct parse *parse, const char *first, const char *second)
{
	return error_set(parse->error, -EINVAL, "%s and %s cannot be given together", first,
			 second);
}

static int parse_selection(struct parse *parse, int key, const char *text)
{
	struct config *config = parse->config;
	const char *name = key == OPTION_PID ? "--pid" : key == OPTION_EXE ? "--exe" : "--port";
	uint64_t number;
	int r;

	if (parse->selection && strcmp(parse->selection, name) != 0)
		return refuse_pair(parse, parse->selection, name);
	parse->selection = name;
	if (key == OPTION_EXE) {
		if (*text == '\0' || strchr(text, '/'))
			return value_refuse(parse->error, name, text,
					    "the name of an executable without its directory");
		free(config->executable);
		config->executable = strdup(text);
		return config->executable ? 0 : error_out_of_memory(parse->error);
	}
	r = value_parse_number(name, text, 1, key == OPTION_PID ? INT_MAX : UINT16_MAX, &number,
			       parse->error);
	if (r < 0)
		return r;
	if (key == OPTION_PID)
		config->pid = (pid_t)number;
	else
		config->port = (uint16_t)number;
	return 0;
}

static int parse_command(struct parse *parse, const char *text)
{
	size_t index;
	int r;

	if (parse->has_command)
		return error_set(parse->error, -EINVAL, "argument '%.100s' is one too many", text);
	r = value_parse_choice("command", text, command_names, COUNT(command_names), &index,
			       parse->error);
	if (r < 0)
		return r;
	parse->config->command = (enum config_command)index;
	parse->has_command = 1;
	return 0;
}

static int parse_run_option(struct parse *parse, int key, char *text)
{
	struct config *config = parse->config;

	switch (key) {
	case OPTION_DURATION:
		parse->run_only = "--duration";
		return value_parse_duration("--duration", text, NS_PER_MS, 8760 * 3600 * NS_PER_S,
					    &config->duration_ns, parse->error);
	case OPTION_ONCE:
		parse->run_only = "--once";
		config->once = 1;
		return 0;
	case OPTION_REPORT:
		parse->run_only = "--report";
		config->report = 1;
		return 0;
	case OPTION_LISTEN:
		parse->run_only = "--listen";
		parse->options->listen = text;
		return 0;
	case OPTION_OTLP_ENDPOINT:
		parse->run_only = "--otlp-endpoint";
		parse->options->otlp_endpoint = text;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_attach(struct parse *parse, const char *text)
{
	static const char *const choices[] = {
		[ATTACH_AUTO] = "auto",
		[ATTACH_SINGLE] = "single",
	};
	size_t index;
	int r = value_parse_choice("--attach", text, choices, COUNT(choices), &index, parse->error);

	if (r == 0)
		parse->config->attach = (enum config_attach)index;
	return r;
}

/* argp's callback. ARGP_ERR_UNKNOWN is positive, as are argp's own errors: ours are negative. */
static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct config *config = parse->config;
	uint64_t number;
	int r;

	switch (key) {
	case OPTION_HELP:
		help__print();
		exit(EXIT_SUCCESS);
	case OPTION_VERSION:
		help__print_version();
		exit(EXIT_SUCCESS);
	case OPTION_PID:
	case OPTION_EXE:
	case OPTION_PORT:
		return parse_selection(parse, key, text);
	case OPTION_FORMAT:
		parse->format = text;
		return 0;
	case OPTION_VERBOSE:
		parse->verbosity++;
		return 0;
	case OPTION_QUIET:
		parse->verbosity--;
		return 0;
	case OPTION_SLOW_POLL:
		return value_parse_duration("--slow-poll", text, NS_PER_US, 3600 * NS_PER_S,
					    &config->slow_poll_ns, parse->error);
	case OPTION_MAX_SERIES:
		r = value_parse_number("--max-series", text, 1, 100000, &number, parse->error);
		if (r == 0)
			config->max_series = (uint32_t)number;
		return r;
	case OPTION_ATTACH:
		return parse_attach(parse, text);
	case ARGP_KEY_ARG:
		return parse_command(parse, text);
	case ARGP_KEY_ERROR:
		parse->next = state->next;
		return 0;
	default:
		return parse_run_option(parse, key, text);
	}
}

static int check_combination(struct parse *parse)
{
	struct config *config = parse->config;
	_Bool is_verify = config->command == COMMAND_VERIFY;
	size_t index = FORMAT_TEXT;
	int level = LOG_LEVEL_INFO + parse->verbosity;
	int r;

	if (is_verify && parse->run_only)
		return refuse_pair(parse, "verify", parse->run_only);
	if (config->once && config->report)
		return refuse_pair(parse, "--once", "--report");
	if (parse->format && !is_verify && !config->once)
		return error_set(parse->error, -EINVAL, "--format needs --once or verify");
	if (parse->format) {
		/* Prometheus is the last one, and verify's lines are not metrics. */
		r = value_parse_choice("--format", parse->format, format_names,
				       is_verify ? FORMAT_PROMETHEUS : COUNT(format_names), &index,
				       parse->error);
		if (r < 0)
			return r;
	}
	config->format = (enum config_format)index;
	if (level < LOG_LEVEL_ERROR)
		level = LOG_LEVEL_ERROR;
	config->log_level = level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : (enum log_level)level;
	return 0;
}

int options__parse(int argc, char **argv, struct config *config, struct options *ret_options,
		   struct error *error)
{
	/* argp's own messages take several lines: it is told to be silent, which silences its help
	 * as well. */
	static const struct argp argp = {.options = option_table, .parser = parse_option};
	struct options options = {};
	struct parse parse = {.config = config, .options = &options, .error = error};
	error_t r = argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &parse);

	if (r == ENOMEM)
		return error_out_of_memory(error);
	if (r > 0)
		return options__explain(argc, argv, parse.next, error);
	if (r == 0)
		r = check_combination(&parse);
	if (r == 0)
		*ret_options = options;
	return r;
}
