/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COMMAND_TURNS_H
#define SCOTTYSCOPE_COMMAND_TURNS_H

/* Measures what the probes cost, period by period, and where that is too much, or at the basic level,
 * takes turns: polls are watched for a part of each period. */

#include "base/loop.h"
#include "command/publish.h"

struct turns;

/* Begins the first period. The publisher's estimate and counters are kept up to date. */
int turns__new(struct publisher *publisher, struct loop *loop, struct turns **ret_turns,
	       struct error *error);

/* Ends the period in progress, so that the last collection is whole, and frees; NULL is fine. */
void turns__free(struct turns *turns);

#endif
