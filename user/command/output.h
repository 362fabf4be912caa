/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COMMAND_OUTPUT_H
#define SCOTTYSCOPE_COMMAND_OUTPUT_H

#include "command/publish.h"

/* Prints what --once and --report ask for to standard output, from a last collection. */
int output__print(struct publisher *publisher, struct error *error);

#endif
