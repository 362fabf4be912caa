/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_NAMES_H
#define SCOTTYSCOPE_METRIC_NAMES_H

/* The names that metrics and attributes have in one naming or another (--metric-names). The code
 * knows both by their names in metric/descriptions.h; the model gives them their names of the
 * naming when they are added, so that no encoder has to know of it. */

#include "config/config.h"

/* The name in `names` of the metric `name`, and of the attribute `key`. What has no other name
 * there keeps its own. */
const char *metric_name_in(enum config_names names, const char *name);
const char *metric_attribute_name_in(enum config_names names, const char *key);

#endif
