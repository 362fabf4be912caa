/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COMMAND_SESSION_H
#define SCOTTYSCOPE_COMMAND_SESSION_H

#include "command/publish.h"

/* The event loop between activation and detachment: drains, collects, exports, answers scrapes,
 * keeps the front alive. Returns when the target ends, a signal or the duration says so (0), or
 * when the tool cannot go on. */
int session__run(struct publisher *publisher, struct error *error);

/* Takes what the front said last, after it was stopped. */
void session__take_last_statistics(struct publisher *publisher);

#endif
