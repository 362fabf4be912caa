/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_KEEPER_H
#define SCOTTYSCOPE_FRONT_KEEPER_H

/* The front's parent: a tiny process in a sandbox, forked before the probe opened anything, that does
 * nothing but fork fronts when it is asked to. A front that was forked by the probe itself after
 * the first one died would get the probe's memory with its mapped ring buffers.
 *
 * Over its control socket (SOCK_SEQPACKET) it takes one message per front, any byte with one
 * descriptor: the socket that the front is to use. A front that still runs is killed first. It
 * answers each with a keeper_reply, and ends when the probe closes its end. */

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/config.h"
#include "front/front.h"

struct keeper_reply {
	int32_t code; /* 0, or a negative errno and `message` */
	int32_t pid;  /* of the front */
	char message[512];
};

/* The keeper's whole life, in the child of `parent`. */
_Noreturn void keeper_run(const struct config *config, front_main run, int control_fd,
			  pid_t parent);

/* In the probe: has a front started with `socket_fd`, which stays the caller's. */
int keeper_start_front(int control_fd, int socket_fd, pid_t *ret_pid, struct error *error);

#endif
