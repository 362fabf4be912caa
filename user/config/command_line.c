// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/command_line.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/output.h"
#include "config/exit_status.h"
#include "config/help.h"
#include "config/values.h"

/* getopt's value of a row's option: beyond all letters. */
#define VALUE_OF_FIRST_ROW 0x100

static const char *const command_names[] = {
	[COMMAND_RUN] = "run",
	[COMMAND_VERIFY] = "verify",
	[COMMAND_METRICS] = "metrics",
	[COMMAND_HEALTH] = "health",
	NULL,
};

/* The rows as getopt takes them. */
struct getopt_table {
	char letters[2 * OPTION_LIMIT + 2];
	struct option options[OPTION_LIMIT + 1];
};

static void make_getopt_table(struct getopt_table *table)
{
	struct option *option = table->options;
	char *letter = table->letters;

	*table = (struct getopt_table){};
	*letter++ = ':'; /* distinguishes a missing value from an unknown option */
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (!row->flag)
			continue;
		*option++ = (struct option){
			.name = option_row__key(row),
			.has_arg = row->argument ? required_argument : no_argument,
			.val = VALUE_OF_FIRST_ROW + (int)i,
		};
		if (!row->letter)
			continue;
		*letter++ = row->letter;
		if (row->argument)
			*letter++ = ':';
	}
}

static const struct option_row *row_of_value(int value)
{
	if (value >= VALUE_OF_FIRST_ROW)
		return &option_rows[value - VALUE_OF_FIRST_ROW];
	for (size_t i = 0; i < option_row_count; i++) {
		if (option_rows[i].letter && option_rows[i].letter == value)
			return &option_rows[i];
	}
	return NULL;
}

/* The error of a value that is missing; `value` is getopt's, of a letter or of a row. */
static int refuse_missing_value(int value, struct error *error)
{
	const struct option_row *row = row_of_value(value);

	if (value < VALUE_OF_FIRST_ROW)
		return error_set(error, -EINVAL, "option -%c needs a value: %s", value,
				 row->argument);
	return error_set(error, -EINVAL, "option %s needs a value: %s", row->flag, row->argument);
}

/* The error of an option that getopt does not accept. `value` is its letter, the value of a switch
 * that is given a value, or 0 for a long option: then `argument` contains its name. */
static int refuse_option(int value, const char *argument, struct error *error)
{
	size_t length = strcspn(argument, "=");
	size_t matches = 0;

	if (value >= VALUE_OF_FIRST_ROW)
		return error_set(error, -EINVAL, "option %s takes no value",
				 row_of_value(value)->flag);
	if (value)
		return error_set(error, -EINVAL, "unknown option '-%c'", value);
	for (size_t i = 0; i < option_row_count; i++)
		matches +=
			option_rows[i].flag && strncmp(option_rows[i].flag, argument, length) == 0;
	return error_set(error, -EINVAL,
			 matches > 1 ? "option '%.*s' is ambiguous" : "unknown option '%.*s'",
			 (int)length, argument);
}

static void print_and_exit(void (*print)(void))
{
	struct error error;

	print();
	if (output__flush(&error) < 0) {
		log_error("%s", error.message);
		exit(EXIT_STATUS_FAILED);
	}
	exit(EXIT_STATUS_DONE);
}

/* Refuses an option whose set has another one already. */
static int check_set(const struct command_line *line, const struct option_row *row,
		     struct error *error)
{
	if (row->set == SET_NONE || row->set == SET_VERBOSITY)
		return 0;
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *other = &option_rows[i];

		if (other != row && other->set == row->set && line->texts[i])
			return error_set(error, -EINVAL, "%s and %s cannot be given together",
					 row->flag, other->flag);
	}
	return 0;
}

static int take_option(struct command_line *line, const struct option_row *row, const char *text,
		       struct config *config, struct error *error)
{
	int r = check_set(line, row, error);

	if (r < 0)
		return r;
	if (strcmp(row->flag, "--help") == 0)
		print_and_exit(help__print);
	if (strcmp(row->flag, "--version") == 0)
		print_and_exit(help__print_version);
	line->texts[row - option_rows] = text;
	return row->field.store ? row->field.store(&row->field, config, row->flag, text, error) : 0;
}

static int take_command(const char *text, bool is_first, struct config *config, struct error *error)
{
	size_t index;
	int r;

	if (is_first && strcmp(text, "help") == 0)
		print_and_exit(help__print);
	if (is_first && strcmp(text, "version") == 0)
		print_and_exit(help__print_version);
	if (!is_first)
		return error_set(error, -EINVAL, "argument '%.100s' is one too many", text);
	r = value_parse_choice("command", text, command_names, &index, error);
	if (r < 0)
		return r;
	config->command = (enum config_command)index;
	return 0;
}

/* Refuses options that the command does not take. */
static int check_command(const struct command_line *line, const struct config *config,
			 struct error *error)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (!line->texts[i])
			continue;
		if (!option_row__takes(row, config->command))
			return error_set(error, -EINVAL, "%s and %s cannot be given together",
					 command_names[config->command], row->flag);
	}
	return 0;
}

int command_line__read(int argc, char **argv, struct config *config, struct command_line *ret_line,
		       struct error *error)
{
	struct getopt_table table;
	int value;
	int r = 0;

	*ret_line = (struct command_line){};
	make_getopt_table(&table);
	opterr = 0;
	optind = 0; /* glibc: start anew */
	while ((value = getopt_long(argc, argv, table.letters, table.options, NULL)) != -1) {
		if (value == ':')
			r = refuse_missing_value(optopt, error);
		else if (value == '?')
			r = refuse_option(optopt, argv[optind - 1], error);
		else
			r = take_option(ret_line, row_of_value(value), optarg ? optarg : "true",
					config, error);
		if (r < 0)
			return r;
	}
	for (int i = optind; i < argc; i++) {
		r = take_command(argv[i], i == optind, config, error);
		if (r < 0)
			return r;
	}
	return check_command(ret_line, config, error);
}

const char *command_line__text(const struct command_line *line, const struct option_row *row)
{
	return line->texts[row - option_rows];
}

bool command_line__overrides(const struct command_line *line, const struct option_row *row)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *other = &option_rows[i];

		if (line->texts[i] &&
		    (other == row || (row->set != SET_NONE && other->set == row->set)))
			return true;
	}
	return false;
}
