/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLANNER_PROTOCOL_H
#define SCOTTYSCOPE_PLANNER_PROTOCOL_H

/* The conversation of agent and planner, on a stream socket:
 *   agent:   struct planner_request
 *   planner: MESSAGE_WARNING, at most once, where the kernel does not filter its system calls
 *   planner: MESSAGE_NAMES, at most once, where the executable has no symbols
 *   agent:   a byte with a descriptor for each file that the names may mean; a byte without one
 *   planner: MESSAGE_PLAN or MESSAGE_FAILURE
 * Both are the same program. */

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sandbox.h"

struct planner_request {
	struct sandbox_user user;
	pid_t agent;
	char path[PATH_MAX]; /* of the executable, for messages */
};

enum planner_message_kind {
	MESSAGE_NAMES,	 /* struct elf_debug_names */
	MESSAGE_PLAN,	 /* planner/codec.h */
	MESSAGE_FAILURE, /* struct planner_failure */
	MESSAGE_WARNING, /* struct planner_failure */
};

struct planner_message {
	uint32_t kind;
	uint32_t size; /* of what follows */
};

struct planner_failure {
	int32_t code; /* a negative errno */
	char message[1024];
};

#endif
