// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "config/help.h"
#include "config/option_table.h"
#include "config/option_values.h"
#include "config/values.h"

static const char *const command_names[] = {
	[COMMAND_RUN] = "run",
	[COMMAND_VERIFY] = "verify",
	[COMMAND_METRICS] = "metrics",
	[COMMAND_HEALTH] = "health",
};

/* What is known while argp goes through the arguments. */
struct command_line {
	struct option_parse values;
	const char *config_path;
	uint64_t given; /* options by their place in the table, as bits */
	int next;	/* the argument that getopt was to look at when argp gave up */
	bool has_command;
};

static uint64_t bit_of(int key)
{
	return UINT64_C(1) << (option__of_key(key) - option_table);
}

/* Options that only `run` has a use for. */
static const int run_only[] = {OPTION_DURATION, OPTION_ONCE, OPTION_REPORT, OPTION_LISTEN,
			       OPTION_OTLP_ENDPOINT};

static bool is_run_only(int key)
{
	for (size_t i = 0; i < ARRAY_SIZE(run_only); i++) {
		if (run_only[i] == key)
			return true;
	}
	return false;
}

/* Whether a command has a use for an option. */
static bool command_takes(enum config_command command, int key)
{
	switch (command) {
	case COMMAND_VERIFY:
		return !is_run_only(key);
	case COMMAND_METRICS:
		return key == OPTION_FORMAT || key == OPTION_VERBOSE || key == OPTION_QUIET;
	case COMMAND_HEALTH:
		return key == OPTION_LISTEN || key == OPTION_VERBOSE || key == OPTION_QUIET;
	default:
		return true;
	}
}

static int parse_command(struct command_line *line, const char *text)
{
	struct error *error = line->values.error;
	size_t index;
	int r;

	if (line->has_command)
		return error_set(error, -EINVAL, "argument '%.100s' is one too many", text);
	r = value_parse_choice("command", text, command_names, ARRAY_SIZE(command_names), &index,
			       error);
	if (r < 0)
		return r;
	line->values.config->command = (enum config_command)index;
	line->has_command = true;
	return 0;
}

/* argp's callback. ARGP_ERR_UNKNOWN is positive, as are argp's own errors: ours are negative. */
static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct command_line *line = state->input;
	char name[64];

	switch (key) {
	case OPTION_HELP:
		help__print();
		exit(EXIT_SUCCESS);
	case OPTION_VERSION:
		help__print_version();
		exit(EXIT_SUCCESS);
	case OPTION_CONFIG:
		line->config_path = text;
		return 0;
	case ARGP_KEY_ARG:
		return parse_command(line, text);
	case ARGP_KEY_ERROR:
		line->next = state->next;
		return 0;
	default:
		if (!option__of_key(key))
			return ARGP_ERR_UNKNOWN;
		line->given |= bit_of(key);
		snprintf(name, sizeof(name), "--%s", option__of_key(key)->name);
		return option_parse__take(&line->values, key, name, text);
	}
}

/* What makes no sense on one command line, whatever the file has. */
static int check_combination(const struct command_line *line)
{
	const struct config *config = line->values.config;
	struct error *error = line->values.error;

	for (const struct argp_option *option = option_table; option->name || option->doc;
	     option++) {
		if (!option->name || !(line->given & bit_of(option->key)))
			continue;
		if (!command_takes(config->command, option->key))
			return error_set(error, -EINVAL, "%s and --%s cannot be given together",
					 command_names[config->command], option->name);
	}
	return 0;
}

/* Whether what the command line has goes before this option of the file: the option itself, or one
 * that it excludes. */
static bool is_overruled(const struct command_line *line, int key)
{
	static const int groups[][3] = {
		{OPTION_PID, OPTION_EXE, OPTION_PORT},
		{OPTION_ONCE, OPTION_REPORT, OPTION_ONCE},
		{OPTION_VERBOSE, OPTION_QUIET, OPTION_QUIET},
	};
	uint64_t bits = bit_of(key);

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		uint64_t group = bit_of(groups[i][0]) | bit_of(groups[i][1]) | bit_of(groups[i][2]);

		if (group & bits)
			bits = group;
	}
	return (line->given & bits) || !command_takes(line->values.config->command, key);
}

static int take_entry(struct command_line *line, const struct file_entry *entry)
{
	const struct argp_option *option = option__of_name(entry->key);
	bool is_on = false;
	int r;

	/* Where metrics go and come from is for the environment to decide before the file. */
	if (!option || option->key == OPTION_LISTEN || option->key == OPTION_OTLP_ENDPOINT ||
	    is_overruled(line, option->key))
		return 0;
	if (option->arg)
		return option_parse__take(&line->values, option->key, entry->label, entry->text);
	r = value_parse_boolean(entry->label, entry->text, &is_on, line->values.error);
	if (r == 0 && is_on)
		r = option_parse__take(&line->values, option->key, entry->label, NULL);
	return r;
}

static int take_file(struct command_line *line)
{
	struct config *config = line->values.config;
	struct options *options = line->values.options;
	int r;

	if (!line->config_path)
		return 0;
	config->config_path = strdup(line->config_path);
	if (!config->config_path)
		return error_out_of_memory(line->values.error);
	r = file__read(line->config_path, &options->file, line->values.error);
	for (size_t i = 0; r == 0 && i < options->file->count; i++)
		r = take_entry(line, &options->file->entries[i]);
	return r;
}

/* A format on the command line needs something to print; one of the file waits for it. */
static int check_format(struct command_line *line)
{
	const struct config *config = line->values.config;

	if (config->command != COMMAND_RUN || config->once)
		return 0;
	if (line->given & bit_of(OPTION_FORMAT))
		return error_set(line->values.error, -EINVAL,
				 "--format needs --once, verify or metrics");
	line->values.format = NULL;
	return 0;
}

int options__parse(int argc, char **argv, struct config *config, struct options *ret_options,
		   struct error *error)
{
	/* argp's own messages take several lines: it is told to be silent, which silences its help
	 * as well. */
	static const struct argp argp = {.options = option_table, .parser = parse_option};
	struct command_line line = {
		.values = {.config = config, .options = ret_options, .error = error}};
	error_t r;

	*ret_options = (struct options){};
	r = argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &line);
	if (r == ENOMEM)
		return error_out_of_memory(error);
	if (r > 0)
		return options__explain(argc, argv, line.next, error);
	if (r == 0)
		r = check_combination(&line);
	if (r == 0)
		r = take_file(&line);
	if (r == 0)
		r = check_format(&line);
	return r < 0 ? r : option_parse__finish(&line.values);
}
