/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_SAMPLER_H
#define SCOTTYSCOPE_CONFIG_SAMPLER_H

/* OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. */

#include "config/config.h"
#include "config/sources.h"

/* The defaults of the option table. */
void sampler__set_default(struct config_sampler *ret_sampler);

/* Reads the sampler. A value that is not accepted is ignored, with a warning unless config->log_level
 * is lower: the specification "General SDK Configuration" says "Invalid or unrecognized input MUST be
 * logged and MUST be otherwise ignored". */
void sampler__read(struct config *config, const struct sources *sources);

#endif
