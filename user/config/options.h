/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_OPTIONS_H
#define SCOTTYSCOPE_CONFIG_OPTIONS_H

/* The command line, and the options of the configuration file that it names: what needs nothing
 * else to be judged goes into the config, the rest stays here to be weighed against the
 * environment. */

#include "base/error.h"
#include "config/config.h"
#include "config/file.h"

struct options {
	const char *otlp_endpoint; /* of the command line, whose text it is; NULL: not given */
	const char *listen;	   /* the same */
	struct file *file;	   /* of --config; NULL: not given */
};

/* Fills `ret_options`, to be released with options__done(), and the fields of `config` that an
 * option was given for. */
int options__parse(int argc, char **argv, struct config *config, struct options *ret_options,
		   struct error *error);

static inline void options__done(struct options *options)
{
	file__free(options->file);
}

#endif
