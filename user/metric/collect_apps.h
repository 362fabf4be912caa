/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_COLLECT_APPS_H
#define SCOTTYSCOPE_METRIC_COLLECT_APPS_H

/* The metrics of applications. */

#include <stdbool.h>

#include "metric/app_samples.h"
#include "metric/metric.h"
#include "probe/apps.h"

/* Adds the metrics, none before the list is known. With statuses, every status that Scotty knows has
 * a point, 0 where no application has the status. The set borrows `samples`, which must outlive the set. */
void metric_collect_apps(struct metric_set *set, const struct app_list *list,
			 const struct app_samples *samples, bool with_statuses);

#endif
