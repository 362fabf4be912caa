/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROM_TEXT_H
#define SCOTTYSCOPE_PROM_TEXT_H

/* Writes OTLP metrics in the text formats of Prometheus, by the OpenTelemetry specification
 * "Prometheus and OpenMetrics compatibility". */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "prom/format.h"

/* A packed ExportMetricsServiceRequest. One or more form a snapshot. */
struct prom_request {
	const uint8_t *bytes;
	size_t size;
};

/* Writes the exposition of the requests together to `stream`: each metric family once, with HELP
 * and TYPE. Names get their unit and `_total` suffix; the resource becomes `target_info`.
 * OpenMetrics has exemplars as well. -EPROTO for malformed requests. */
int prom_write_text(FILE *stream, enum prom_format format, const struct prom_request *requests,
		    size_t request_count, struct error *error);

#endif
