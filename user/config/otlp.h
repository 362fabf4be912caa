/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_OTLP_H
#define SCOTTYSCOPE_CONFIG_OTLP_H

/* The options of the OTLP exporter that are more than one value: endpoints and headers, which
 * metrics and traces may have for themselves, the client's certificate and the limit of a batch.
 * They follow the OpenTelemetry specifications "OTLP exporter" and "Environment Variable
 * Specification". Errors, not warnings, are values that would lose data or security if they were
 * ignored: endpoints, headers, certificates, and protocols that this tool does not have. */

#include "base/error.h"
#include "config/config.h"
#include "config/sources.h"

/* Fills the endpoints of `otlp`: both stay NULL if export is disabled. */
int otlp__read_endpoints(struct config_otlp *otlp, const struct sources *sources,
			 struct error *error);

/* Fills headers and the client's certificate. Checks the batch against the queue: a default is
 * reduced, a value of the file is refused. */
int otlp__read_rest(struct config_otlp *otlp, const struct sources *sources, struct error *error);

#endif
