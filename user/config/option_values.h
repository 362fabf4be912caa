/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_OPTION_VALUES_H
#define SCOTTYSCOPE_CONFIG_OPTION_VALUES_H

/* From an option's text, wherever it was given, to the config. */

#include "base/error.h"
#include "config/config.h"
#include "config/options.h"

/* What is known while options are gone through. */
struct option_parse {
	struct config *config;
	struct options *options;
	struct error *error;
	const char *selection; /* the option that selected the process: its long name */
	const char *format;    /* to be judged when all are known */
	char format_name[300]; /* for messages about it */
	int verbosity;
};

/* Takes the value of one option (enum option_key). `name` is for messages; `text` is NULL for an
 * option that takes no value. */
int option_parse__take(struct option_parse *parse, int key, const char *name, const char *text);

/* Judges what depends on several options. */
int option_parse__finish(struct option_parse *parse);

#endif
