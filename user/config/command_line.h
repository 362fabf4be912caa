/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_COMMAND_LINE_H
#define SCOTTYSCOPE_CONFIG_COMMAND_LINE_H

/* Reads the command line. */

#include "base/error.h"
#include "config/config.h"
#include "config/option_table.h"

struct command_line {
	/* The value given last, by row: "true" for a switch, NULL if the option is not given. The
	 * texts are those of argv. */
	const char *texts[OPTION_LIMIT];
};

/* Reads the command and the options of `argv`, and writes the fields of the options that are given.
 * --help, --version and the words "help" and "version" print and exit. May reorder `argv`, as getopt does. */
int command_line__read(int argc, char **argv, struct config *config, struct command_line *ret_line,
		       struct error *error);

/* The value of the option; NULL: not given. */
const char *command_line__text(const struct command_line *line, const struct option_row *row);

/* Whether the option is given, or an option that excludes it. */
bool command_line__overrides(const struct command_line *line, const struct option_row *row);

#endif
