/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_FRONT_H
#define SCOTTYSCOPE_FRONT_FRONT_H

/* The probe's handle on the unprivileged front process, which exports to the collector and serves
 * /metrics. The front never had a descriptor or memory of the probe's: a keeper (front/keeper.h),
 * forked before there were any, forks it now and whenever it has died. */

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/config.h"

struct front;

/* What the front runs in the child, in its sandbox; it returns the child's exit status. */
typedef int (*front_main)(const struct config *config, int socket_fd);

/* Starts the front, before this process starts a thread or opens anything the front must not have:
 * in it all other descriptors above 2 are closed, user and groups are changed to an unprivileged
 * one, capabilities, new privileges and dumpability are given up, and it is killed if the probe
 * dies. Waits until the front is ready or says why not (-EADDRINUSE, ...). `config` must outlive
 * `*ret_front`, which the caller owns. */
int front__start(const struct config *config, front_main run, struct front **ret_front,
		 struct error *error);

/* Starts another front after the first one died or stopped answering (it is killed then). The old
 * socket and pidfd are closed, also when this fails: take them out of the event loop before. It may
 * be tried again. */
int front__restart(struct front *front, struct error *error);

/* Tells the front to flush and exit, waits up to `deadline_ns`, then kills it. Its last messages, a
 * MESSAGE_STATISTICS among them, can be read from the socket until front__free(). */
void front__stop(struct front *front, uint64_t deadline_ns);
void front__free(struct front *front);

/* The socket to it, and its pidfd, for the event loop (-1: none runs); the port that /metrics is at
 * (0: none). */
int front__socket_fd(const struct front *front);
int front__pid_fd(const struct front *front);
uint16_t front__port(const struct front *front);

static inline void front__freep(struct front **front)
{
	front__free(*front);
}

#endif
