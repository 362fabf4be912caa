/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_APPS_H
#define SCOTTYSCOPE_PROBE_APPS_H

/* The target's list of applications, as its checks and operations have shown it. */

#include <stdbool.h>

#include "probe/probe.h"

#define APP_LIMIT 4096

struct app_list {
	uint64_t check; /* number of the last whole check that was read; 0: the list is not known */
	size_t count;	/* of applications in it */
	struct app items[APP_LIMIT];
};

/* Brings `list`, which starts zeroed, up to date. While a check is in progress the list is that of
 * the one before it, with what has been inspected since. Forgets applications that have gone. */
int probe__read_apps(struct probe *probe, struct app_list *list, struct error *error);

#endif
