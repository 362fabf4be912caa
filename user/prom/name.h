/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROM_NAME_H
#define SCOTTYSCOPE_PROM_NAME_H

/* OpenTelemetry names as Prometheus names, after the specification "Prometheus and OpenMetrics
 * compatibility". */

#include "base/arena.h"
#include "otlp/messages.h"

/* The family name: characters outside [a-zA-Z0-9_:] become '_', runs of it one; then the unit's
 * name, unless the name ends with it, and `_total` for a monotonic sum. Unit "1" gives `_ratio`
 * only to a gauge of real numbers: an integer is a count or a state, not a share. NULL when out of
 * memory. */
const char *prom_family_name(struct arena *arena, const pb_metric *metric);

/* The label name of an attribute's key. NULL when out of memory. */
const char *prom_label_name(struct arena *arena, const char *key);

#endif
