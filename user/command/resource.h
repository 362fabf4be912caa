/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COMMAND_RESOURCE_H
#define SCOTTYSCOPE_COMMAND_RESOURCE_H

#include "base/arena.h"
#include "base/error.h"
#include "command/subject.h"
#include "config/config.h"
#include "otlp/otlp.h"

/* Describes the observed process as an OpenTelemetry resource, in `arena`: what can be seen of it,
 * then its own OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, then the tool's, each of which
 * replaces what came before. */
int resource__describe(const struct config *config, const struct subject *subject,
		       struct arena *arena, struct otlp_resource *ret_resource,
		       struct error *error);

/* This host's name, in the arena; NULL where it cannot be told. */
const char *resource__host_name(struct arena *arena);

#endif
