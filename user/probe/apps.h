/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_APPS_H
#define SCOTTYSCOPE_PROBE_APPS_H

/* The target's applications, as found by the target's checks and operations. */

#include <stdbool.h>

#include "probe/probe.h"

#define APP_LIMIT 4096

struct app_list {
	uint64_t check; /* latest complete check that was read; 0: the list is unknown */
	size_t count;	/* number of applications in `items` */
	struct app items[APP_LIMIT];
};

/* Updates `list`, which starts zeroed. During a check, `list` holds the applications of the
 * previous check and the applications inspected since then. Deletes entries of removed
 * applications. `list` stays as it is while applications are destroyed faster than the list is read. */
int probe__read_apps(struct probe *probe, struct app_list *list, struct error *error);

#endif
