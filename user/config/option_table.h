/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_OPTION_TABLE_H
#define SCOTTYSCOPE_CONFIG_OPTION_TABLE_H

/* All options: one row each, for the command line, the environment, the configuration file, the
 * defaults and --help. To add an option, add its field to struct config and its row here. */

#include <stdbool.h>
#include <stddef.h>

#include "config/fields.h"

#define OPTION_LIMIT 96

/* Options of one set exclude each other. */
enum option_set {
	SET_NONE,
	SET_TARGET,    /* the choice of the process */
	SET_OUTPUT,    /* what to print on standard output */
	SET_VERBOSITY, /* these may be combined; the command line overrides the file's */
	SET_COUNT,
};

/* When the environment and the file are asked for an option. */
enum option_need {
	NEEDS_NOTHING,
	NEEDS_LISTEN, /* only if the tool listens; config/parse.c reads these rows */
	NEEDS_EXPORT, /* only if the tool exports OTLP; the default otherwise */
};

struct option_row {
	/* A row that has only a heading starts a section of --help. */
	const char *heading;

	const char *flag;     /* "--slow-poll", whose key in a file is "slow-poll"; NULL: none */
	char letter;	      /* 'p' for -p; 0: none */
	const char *variable; /* the environment variable, also a key in a file; NULL: none */
	const char *argument; /* the name of the value in --help; NULL: a switch */
	/* The value of an option that is not given. NULL: the field stays 0 or NULL, and `help` says
	 * what that means. */
	const char *default_text;
	const char *help; /* NULL: not in --help */

	unsigned int
		commands; /* the commands that take the option, as bits: 1 << COMMAND_RUN ... */
	enum option_set set;
	enum option_need need;
	bool needs_once;  /* `run` takes the option only with --once */
	bool not_in_file; /* not a key of the configuration file */

	/* No field: the row names an option that config/command_line.c, otlp.c or sampler.c reads. */
	struct field field;
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;

/* Whether the row is an option, and no heading. */
static inline bool option_row__is_option(const struct option_row *row)
{
	return row->flag || row->variable;
}

/* The key of the row's flag in a file: the flag without dashes; NULL without a flag. */
static inline const char *option_row__key(const struct option_row *row)
{
	return row->flag ? row->flag + 2 : NULL;
}

static inline bool option_row__takes(const struct option_row *row, enum config_command command)
{
	return row->commands >> command & 1;
}

/* The row with this key ("slow-poll"), and the row with this variable; NULL: none. */
const struct option_row *option_row__of_key(const char *key);
const struct option_row *option_row__of_variable(const char *variable);

#endif
