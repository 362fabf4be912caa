/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COMMAND_PRINT_H
#define SCOTTYSCOPE_COMMAND_PRINT_H

#include "agent/agent.h"

/* Prints what --once and --report ask for to standard output; nothing without either. */
int print_result(const struct config *config, const struct agent_result *result,
		 struct error *error);

#endif
