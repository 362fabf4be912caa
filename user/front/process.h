/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_PROCESS_H
#define SCOTTYSCOPE_FRONT_PROCESS_H

/* The agent's handle of the front: the unprivileged process that exports to the collector and serves
 * HTTP. A supervisor (front/supervisor.h) forks the front, and forks another one after its death. */

#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "front/supervisor.h"

struct front;

/* Starts the front and waits until it is ready. Must be called before this process starts a thread
 * or opens a descriptor that the front must not have. The front runs in a sandbox
 * (base/sandbox.h), has a copy of `config` and dies with the agent. The caller owns `*ret_front`.
 * Errors: those of the front's start (-EADDRINUSE, ...), with its message. */
int front__start(const struct config *config, front_entry entry, struct front **ret_front,
		 struct error *error);

/* Starts another front after the first one died or stopped answering; the latter is killed. Closes
 * the old socket and pidfd in any case: remove them from the event loop before. May be called again
 * after an error. */
int front__restart(struct front *front, struct error *error);

/* Asks the front to flush and exit, waits up to `timeout_ns`, then kills it. Its last messages,
 * with a MESSAGE_STATISTICS, can be read from the socket until front__free(). */
void front__stop(struct front *front, uint64_t timeout_ns);

/* Kills the front if it runs, and frees the handle. */
void front__free(struct front *front);

/* Return the socket to the front and its pidfd, for the event loop; -1 if no front runs. */
int front__socket_fd(const struct front *front);
int front__pid_fd(const struct front *front);

/* Returns the port of the HTTP server, or 0. */
uint16_t front__port(const struct front *front);

static inline void front__freep(struct front **front)
{
	front__free(*front);
}

#endif
