// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct given sources__default(const struct option_row *row)
{
	return (struct given){SOURCE_DEFAULT, row->flag ? row->flag : row->variable,
			      row->default_text};
}

static struct given find_in_file(const struct file *file, const struct option_row *row)
{
	const struct file_entry *entry = NULL;

	if (row->flag)
		entry = file__find(file, option_row__key(row));
	if (!entry && row->variable)
		entry = file__find(file, row->variable);
	if (!entry || (row->variable && *entry->text == '\0'))
		return sources__default(row);
	return (struct given){SOURCE_FILE, entry->label, entry->text};
}

struct given sources__find_outside_environment(const struct sources *sources,
					       const struct option_row *row)
{
	const char *text = command_line__text(sources->line, row);

	if (text)
		return (struct given){SOURCE_COMMAND_LINE, row->flag, text};
	return find_in_file(sources->file, row);
}

struct given sources__find(const struct sources *sources, const struct option_row *row)
{
	const char *text = row->variable ? getenv(row->variable) : NULL;

	if (text && *text && !command_line__text(sources->line, row))
		return (struct given){SOURCE_ENVIRONMENT, row->variable, text};
	return sources__find_outside_environment(sources, row);
}

bool sources__ignore(const struct sources *sources, const struct given *given,
		     const struct error *reason)
{
	if (given->source != SOURCE_ENVIRONMENT || !reason || reason->code != -EINVAL ||
	    strncmp(given->name, "OTEL_", strlen("OTEL_")) != 0)
		return false;
	if (sources->warns)
		log_warning("%s; the variable is ignored", reason->message);
	return true;
}

struct given sources__find_variable(const struct sources *sources, const char *variable)
{
	return sources__find(sources, option_row__of_variable(variable));
}
