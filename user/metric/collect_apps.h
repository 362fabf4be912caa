/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_COLLECT_APPS_H
#define SCOTTYSCOPE_METRIC_COLLECT_APPS_H

/* The metrics of applications. */

#include "metric/app_samples.h"
#include "metric/metric.h"
#include "probe/apps.h"

/* Statuses that some application has had. Starts zeroed. */
struct app_statuses {
	_Bool seen[APP_STATUS_COUNT];
};

/* Adds them, none before the list is known; by status only where statuses can be told. The set borrows `samples` as long as it lives. */
void metric_collect_apps(struct metric_set *set, const struct app_list *list,
			 struct app_statuses *statuses, const struct app_samples *samples,
			 _Bool with_statuses);

#endif
