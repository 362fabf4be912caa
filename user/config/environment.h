/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_ENVIRONMENT_H
#define SCOTTYSCOPE_CONFIG_ENVIRONMENT_H

/* The OTEL_* variables, from the environment or else from the configuration file, by the
 * OpenTelemetry specification, except that a value which is not accepted is an error and not a
 * warning. Only the sampler's are warned of and ignored: there the specification says MUST. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "config/options.h"

struct variable {
	const char *name; /* for messages: says the file and line, where it is from there */
	const char *text; /* NULL: not set, or empty */
	bool is_in_file;
};

/* Fills what the variables have for `config`, where no option says otherwise. Variables of what is
 * switched off are not looked at. */
int environment__apply(struct config *config, const struct options *options, struct error *error);

/* The part of it that is the OTLP exporter; `endpoint` is that of the command line or NULL. */
int environment__apply_otlp(struct config_otlp *otlp, const char *endpoint, const struct file *file,
			    struct error *error);

/* The part of it that is the sampler: what is not accepted is warned of and ignored. */
void environment__apply_sampler(struct config *config, const struct file *file);

/* `file` may be NULL; `name` must outlive what is returned. */
struct variable environment__find(const struct file *file, const char *name);

/* These leave `*value` alone where the variable is not set. */
int environment__number(const struct file *file, const char *name, uint64_t lowest,
			uint64_t highest, uint64_t *value, struct error *error);
int environment__boolean(const struct file *file, const char *name, bool *value,
			 struct error *error);
int environment__choice(const struct file *file, const char *name, const char *const *choices,
			size_t count, size_t *value, struct error *error);

/* A copy of the variable's value: the old `*text` is freed. */
int environment__text(const struct file *file, const char *name, char **text, struct error *error);

#endif
