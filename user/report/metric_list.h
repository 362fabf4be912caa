/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_REPORT_METRIC_LIST_H
#define SCOTTYSCOPE_REPORT_METRIC_LIST_H

/* Prints the list of all metrics that the tool can report, from the lists in the code. The JSON
 * form is the source of the documentation and of the dashboards. */

#include <stdio.h>

#include "base/error.h"

/* Prints one paragraph per metric: Prometheus name, kind, attributes, help. Returns 0 or
 * -ENOMEM. */
int metric_list_print_text(FILE *stream, struct error *error);

/* Prints {"schema": 1, "version", "metrics": [...], "attributes": [...], "losses": [...], "checks":
 * [...], "hooks": [...]}; docs/json.md describes the members. Returns 0 or -ENOMEM. */
int metric_list_print_json(FILE *stream, struct error *error);

#endif
