/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_OPTION_TABLE_H
#define SCOTTYSCOPE_CONFIG_OPTION_TABLE_H

/* The options as argp takes them: for parsing, for --help and for saying what was wrong. */

#include <argp.h>

#include "base/error.h"

enum option_key {
	OPTION_PID = 'p',
	OPTION_QUIET = 'q',
	OPTION_VERBOSE = 'v',
	OPTION_VERSION = 'V',
	OPTION_HELP = 'h',
	OPTION_EXE = 0x100, /* from here on: options without a letter */
	OPTION_PORT,
	OPTION_DURATION,
	OPTION_ONCE,
	OPTION_REPORT,
	OPTION_FORMAT,
	OPTION_LISTEN,
	OPTION_OTLP_ENDPOINT,
	OPTION_SLOW_POLL,
	OPTION_APP_SAMPLE,
	OPTION_MAX_SERIES,
	OPTION_MAX_TASKS,
	OPTION_MAX_SPAN_AGE,
	OPTION_MAX_SPAN_RATE,
	OPTION_ATTACH,
	OPTION_LEVEL,
	OPTION_MAX_OVERHEAD,
	OPTION_CONFIG,
	OPTION_METRIC_NAMES,
	OPTION_HISTOGRAMS,
};

/* Ends with an entry of zeroes; entries with neither name nor key are headings. */
extern const struct argp_option option_table[];

/* The option with this key (enum option_key), and the one with this long name: NULL for none. */
const struct argp_option *option__of_key(int key);
const struct argp_option *option__of_name(const char *name);

/* argp refuses unknown options, missing values and the like without a word where it must not print
 * by itself. Finds the argument, `next` being getopt's next one, and says what is wrong:
 * -EINVAL. */
int options__explain(int argc, char **argv, int next, struct error *error);

#endif
