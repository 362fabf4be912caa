/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_REPORT_METRIC_LIST_H
#define SCOTTYSCOPE_REPORT_METRIC_LIST_H

/* The list of all metrics that the tool can report, from the lists in the code. Documentation and
 * dashboards are generated from the JSON form. */

#include <stdio.h>

#include "base/error.h"

/* One metric a paragraph: Prometheus name, kind, attributes, help. Returns 0 or -ENOMEM. */
int metric_list_print_text(FILE *stream, struct error *error);

/* {"schema": 1, "version", "metrics": [...], "attributes": [...], "losses": [...],
 * "checks": [...], "hooks": [...]}; docs/json.md describes the members. Returns 0 or -ENOMEM. */
int metric_list_print_json(FILE *stream, struct error *error);

#endif
