/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_ENVIRONMENT_H
#define SCOTTYSCOPE_CONFIG_ENVIRONMENT_H

/* The OTEL_* variables, by the OpenTelemetry specification, except that a value which is not
 * accepted is an error and not a warning. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "config/options.h"

/* Fills what the environment has for `config`, where no option says otherwise. Variables of what is
 * switched off are not looked at. */
int environment__apply(struct config *config, const struct options *options, struct error *error);

/* The part of it that is the OTLP exporter; `endpoint` is that of the command line or NULL. */
int environment__apply_otlp(struct config_otlp *otlp, const char *endpoint, struct error *error);

/* The variable's value; NULL where it is not set or empty. */
const char *environment__get(const char *name);

/* These leave `*value` alone where the variable is not set. */
int environment__number(const char *name, uint64_t lowest, uint64_t highest, uint64_t *value,
			struct error *error);
int environment__boolean(const char *name, _Bool *value, struct error *error);
int environment__choice(const char *name, const char *const *choices, size_t count, size_t *value,
			struct error *error);

/* A copy of the variable's value: the old `*text` is freed. */
int environment__text(const char *name, char **text, struct error *error);

#endif
