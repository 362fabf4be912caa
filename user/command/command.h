/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COMMAND_COMMAND_H
#define SCOTTYSCOPE_COMMAND_COMMAND_H

/* What the user can ask for: each puts the stages together. They return an exit status
 * (config/exit_status.h) or a negative errno with its error. */

#include "base/error.h"
#include "config/config.h"

/* Finds the process, attaches, reports until a signal or the end of the observation, detaches. */
int command_run(const struct config *config, struct error *error);

/* Prints the plan for the process, attaching nothing. */
int command_verify(const struct config *config, struct error *error);

/* Prints the list of all metrics; needs no process and no privileges. */
int command_metrics(const struct config *config, struct error *error);

/* Asks a running scottyscope whether it works, at the address that it serves /healthz on, and prints
 * the answer. For health checks in images that have no shell. */
int command_health(const struct config *config, struct error *error);

/* Makes libbpf log at the level debug only: a failure is reported as an error. */
void command_log_libbpf(void);

#endif
