/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_POLLS_H
#define SCOTTYSCOPE_PROBE_POLLS_H

/* Polls are what happens most often. They can be let go of, and be watched again: meanwhile tokio's
 * context tells whose poll it is that something happens in, and all else goes on as it was. */

#include <stdbool.h>

#include "probe/probe.h"

/* Whether enough has been learnt: where tokio's context has the id of the polled task, and that a
 * response's status in memory is the one that is written. It takes some hundred requests. */
bool probe__can_disable_polls(const struct probe *probe);

/* Whether that is quick enough to be done again and again: each perf event takes a grace period. */
bool probe__can_cycle_polls(const struct probe *probe);

/* Letting go takes two steps. First no poll is watched that starts from now on, but those that have are
 * until they end, for which they should get some milliseconds. */
void probe__drain_polls(struct probe *probe);
/* Then their hooks are detached, which is only begun: it takes tens of milliseconds. */
void probe__disable_polls(struct probe *probe);
bool probe__is_disabling_polls(const struct probe *probe);

/* Watches polls again; waits until they are let go of, if they are not yet. */
int probe__enable_polls(struct probe *probe, struct error *error);

#endif
