/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_SOURCES_H
#define SCOTTYSCOPE_CONFIG_SOURCES_H

/* Finds the value of an option. Precedence: command line, environment, file, default. An empty variable is
 * not set, as the OpenTelemetry specification says. */

#include <stdbool.h>

#include "base/error.h"
#include "config/command_line.h"
#include "config/file.h"
#include "config/option_table.h"

struct sources {
	const struct command_line *line;
	const struct file *file; /* NULL: none */
	bool warns;		 /* the log has warnings */
};

enum source {
	SOURCE_DEFAULT,
	SOURCE_FILE,
	SOURCE_ENVIRONMENT,
	SOURCE_COMMAND_LINE,
};

/* Both texts belong to the sources and the option table. */
struct given {
	enum source source;
	const char *name; /* for messages: the flag, the variable, or file, line and key */
	const char *text; /* NULL: not given, and there is no default */
};

struct given sources__find(const struct sources *sources, const struct option_row *row);

/* The default of the option, whatever the sources have. */
struct given sources__default(const struct option_row *row);

/* sources__find() as if the environment were empty. */
struct given sources__find_outside_environment(const struct sources *sources,
					       const struct option_row *row);

/* Whether a value that cannot be parsed, with the error `reason`, counts as not set: OpenTelemetry's
 * rule for booleans, numbers, names and resource attributes in the environment ("Environment Variable
 * Specification", "Resource SDK"). Logs a warning then. Returns false for values of options, of the file,
 * and of the tool's own variables: a mistake in --span-path must not export what the user meant to keep. */
bool sources__ignore(const struct sources *sources, const struct given *given,
		     const struct error *reason);

/* sources__find() for the row with this variable. */
struct given sources__find_variable(const struct sources *sources, const char *variable);

#endif
