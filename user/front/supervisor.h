/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_SUPERVISOR_H
#define SCOTTYSCOPE_FRONT_SUPERVISOR_H

/* The parent of the front: a small process in a sandbox that only forks fronts. The agent forks the
 * supervisor before it opens anything. A front that the agent itself forked later, to replace a
 * dead front, would inherit the agent's memory with its mapped ring buffers.
 *
 * A request on the supervisor's control socket (SOCK_SEQPACKET) is one byte with one descriptor:
 * the socket of the new front. The supervisor kills the front that still runs, forks the new one
 * and replies with a supervisor_reply. It ends when the agent closes the control socket. */

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/config.h"

/* The work of the front process; returns its exit status. Runs in the sandbox, where only
 * `socket_fd`, the socket to the agent, is open. */
typedef int (*front_entry)(const struct config *config, int socket_fd);

struct supervisor_reply {
	int32_t code; /* 0, or a negative errno and its `message` */
	int32_t pid;  /* of the front */
	char message[512];
};

/* Runs the supervisor in a child of `parent`, until the agent closes the control socket. */
_Noreturn void supervisor__run(const struct config *config, front_entry entry, int control_fd,
			       pid_t parent);

/* For the agent: has the supervisor start a front with `socket_fd`, which stays the caller's. */
int supervisor__start_front(int control_fd, int socket_fd, pid_t *ret_pid, struct error *error);

#endif
