/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_FRONT_WATCH_H
#define SCOTTYSCOPE_AGENT_FRONT_WATCH_H

/* The agent's side of the front, in the event loop: handles its messages, prints its log, and replaces
 * it when it dies. The front faces the network, so it may be in the hands of an attacker: it gets a
 * bounded share of the loop's time, and its counts are checked. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "front/process.h"
#include "self/self.h"

struct front_watch;

/* Answers a MESSAGE_TAKE_SNAPSHOT. A failure is logged. */
typedef int (*front_watch_answer)(void *context, uint64_t sequence, uint64_t since_ns,
				  struct error *error);

/* Borrows everything. The statistics of all fronts go to `counters`. The caller owns `*ret_watch`. */
int front_watch__new(struct front *front, struct self_counters *counters, front_watch_answer answer,
		     void *context, struct front_watch **ret_watch, struct error *error);
void front_watch__free(struct front_watch *watch);

/* Begins to watch the front in `loop`. `error` is filled when a callback ends the loop. */
int front_watch__start(struct front_watch *watch, struct loop *loop, struct error *error);

/* Returns whether a front runs and its requests are answered. */
bool front_watch__has_front(const struct front_watch *watch);

/* After front__stop(): reads the last statistics, and prints the rest of the log. */
void front_watch__finish(struct front_watch *watch);

static inline void front_watch__freep(struct front_watch **watch)
{
	front_watch__free(*watch);
}

#endif
