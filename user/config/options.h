/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_OPTIONS_H
#define SCOTTYSCOPE_CONFIG_OPTIONS_H

/* The command line: what needs nothing else to be judged goes into the config, the rest stays here
 * to be weighed against the environment. Texts are those of argv. */

#include "base/error.h"
#include "config/config.h"

struct options {
	const char *otlp_endpoint; /* NULL: not given */
	const char *listen;	   /* NULL: not given */
};

/* Fills `ret_options` and the fields of `config` that an option was given for. */
int options__parse(int argc, char **argv, struct config *config, struct options *ret_options,
		   struct error *error);

#endif
