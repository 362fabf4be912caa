/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_PROCESS_H
#define SCOTTYSCOPE_FRONT_PROCESS_H

/* The agent's handle of the front: the unprivileged process that exports to the collector and serves
 * HTTP. A supervisor (front/supervisor.h) forks the front, and forks another one after its death. A
 * supervisor that died is replaced as well. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "ipc/reader.h"

struct front;

/* Starts the front and waits until it is ready. Must be called before this process starts a thread.
 * The front runs in a sandbox (base/sandbox.h) and dies with the agent. It has a copy of `config`,
 * which this process may wipe afterwards. The caller owns `*ret_front`. Errors: those of the front's
 * start (-EADDRINUSE, ...), with its message. */
int front__start(const struct config *config, struct front **ret_front, struct error *error);

/* Begins to start another front after the first one died or stopped answering; the latter is killed.
 * Does not wait: front__proceed() completes the start. Closes the old socket and pidfd in any case:
 * remove them from the event loop before. May be called again after an error. */
int front__begin(struct front *front, struct error *error);

/* Returns 1 when the front is ready, 0 while it starts: call again when front__start_fd() is readable,
 * or at the latest after FRONT_START_LIMIT_NS. After an error, front__begin() may be called again. Does
 * not wait. */
int front__proceed(struct front *front, struct error *error);
int front__start_fd(const struct front *front);

/* Initialising gRPC and binding a port takes milliseconds; resolving a name may take seconds. */
#define FRONT_START_LIMIT_NS (10 * NS_PER_S)

/* Waits until a front that was begun is ready. */
int front__await(struct front *front, struct error *error);

/* Returns 1 and the next message of the front, or 0 when there is none; does not wait. -EPIPE at the
 * end of the stream; -EPROTO for a malformed message. */
int front__next_message(struct front *front, struct message *ret_message, struct error *error);

/* Asks the front to flush and exit, waits up to `timeout_ns`, then kills it. Its last messages,
 * with a MESSAGE_STATISTICS, can be read until front__free(). */
void front__stop(struct front *front, uint64_t timeout_ns);

/* Kills the front if it runs, and frees the handle. */
void front__free(struct front *front);

/* Return the socket to the front and its pidfd, for the event loop; -1 if no front runs. */
int front__socket_fd(const struct front *front);
int front__pid_fd(const struct front *front);

/* Returns the pipe of the standard error of all fronts and supervisors. Prints lines of it to the log,
 * when it is readable (front/log_relay.h). front__read_log() returns whether there may be more. */
int front__log_fd(const struct front *front);
bool front__read_log(struct front *front);
void front__flush_log(struct front *front);

/* Returns whether the front runs as the user nobody, since the system has no user for it. */
bool front__runs_as_nobody(const struct front *front);

/* Returns the port of the HTTP server, or 0. */
uint16_t front__port(const struct front *front);

static inline void front__freep(struct front **front)
{
	front__free(*front);
}

#endif
