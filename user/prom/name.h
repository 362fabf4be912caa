/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROM_NAME_H
#define SCOTTYSCOPE_PROM_NAME_H

/* Converts OpenTelemetry names to Prometheus names, by the specification "Prometheus and OpenMetrics
 * compatibility". */

#include <stdbool.h>

#include "base/arena.h"
#include "otlp/messages.h"

/* Returns the family name of a metric with an OpenTelemetry name and unit: characters outside
 * [a-zA-Z0-9_:] become '_', runs of '_' become one; then the name of the unit follows, unless the
 * name ends with the unit, and `_total` for a counter (a monotonic sum). Unit "1" gives `_ratio`
 * only to a gauge of real numbers: an integer is a count or a state. NULL when out of memory. */
const char *prom_metric_name(struct arena *arena, const char *otel_name, const char *otel_unit,
			     bool is_counter, bool is_real_gauge);

/* Returns the family name of a decoded metric; NULL when out of memory. */
const char *prom_family_name(struct arena *arena, const pb_metric *metric);

/* Returns the label name of an attribute's key; NULL when out of memory. */
const char *prom_label_name(struct arena *arena, const char *key);

#endif
