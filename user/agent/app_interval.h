/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_APP_INTERVAL_H
#define SCOTTYSCOPE_AGENT_APP_INTERVAL_H

/* How long it takes until applications are known: Scotty constructs their data at each check of all of
 * them, and the tool sees the next one. */

#include "process/process.h"

#define APP_INTERVAL_SIZE 160

/* Writes the interval of checks by the value of SCOTTY__SCHEDULER__RUNNING_APP_CHECK, such as "15s"; NULL
 * or another text: by Scotty's default configuration. Returns `text`. */
const char *app_interval__describe(const char *value, char text[APP_INTERVAL_SIZE]);

/* As app_interval__describe(), by the environment of the process. */
const char *app_interval__of(const struct process *target, char text[APP_INTERVAL_SIZE]);

#endif
