/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_SUPERVISOR_H
#define SCOTTYSCOPE_FRONT_SUPERVISOR_H

/* The parent of the front: a small process in a sandbox that only forks fronts. The agent executes its
 * own program again as the supervisor, so that supervisor and fronts have no memory of the agent, also
 * where the agent replaces a supervisor that died.
 *
 * A request on the supervisor's control socket (SOCK_SEQPACKET) is one byte with one descriptor:
 * the socket of the new front. The supervisor kills the front that still runs, forks the new one
 * and replies with a supervisor_reply. It ends when the agent closes the control socket. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/self_program.h"
#include "config/config.h"

/* The first argument of the program, and the name of the process. */
#define SUPERVISOR_NAME "scottyscope-sup"

/* The work of the front process; returns its exit status. Runs in the sandbox, where only
 * `socket_fd`, the socket to the agent, and standard error are open. */
typedef int (*front_entry)(const struct config *config, int socket_fd);

struct supervisor_reply {
	int32_t code; /* 0, or a negative errno and its `message` */
	int32_t pid;  /* of the front */
	char message[512];
};

/* The descriptors that the agent gives to a supervisor. */
struct supervisor_start {
	struct self_program program;
	int log_fd;	 /* standard error: the pipe to the agent */
	int control_fd;	 /* SOCK_SEQPACKET */
	int settings_fd; /* front/settings.h */
	int program_fd;	 /* scottyscope-otlp; 0: none */
};

/* In a child that was just forked: becomes a supervisor. Where that fails, replies with the reason. */
_Noreturn void supervisor__execute(const struct supervisor_start *start);

/* Returns whether the program was executed as a supervisor. */
bool supervisor__is_requested(char *const argv[]);

/* Runs the supervisor, until the agent closes the control socket. */
_Noreturn void supervisor__run(front_entry entry);

/* For the agent, without waiting: requests a front with `socket_fd`, which stays the caller's. -EPIPE
 * when the supervisor has ended. */
int supervisor__request_front(int control_fd, int socket_fd, struct error *error);

/* Returns 1 and the front's process id; 0 while there is no reply; the error of the reply; -EPIPE when
 * the supervisor has ended. Does not wait. */
int supervisor__receive_reply(int control_fd, pid_t *ret_pid, struct error *error);

#endif
