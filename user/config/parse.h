/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_PARSE_H
#define SCOTTYSCOPE_CONFIG_PARSE_H

#include "base/error.h"
#include "config/config.h"

/* Reads the command line, the environment and the configuration file, with this precedence, and
 * validates all values. The caller owns `*ret_config`. A value that is not accepted is -EINVAL with
 * the reason in one line (exit status EXIT_STATUS_USAGE). --help, --version and the words "help" and "version" print and exit. May
 * reorder `argv`, as getopt does. */
int config__parse(int argc, char **argv, struct config **ret_config, struct error *error);

#endif
