/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLANNER_INTERNAL_H
#define SCOTTYSCOPE_PLANNER_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "planner/planner.h"

/* The agent's side of a planner. */
struct planner {
	pid_t pid;		  /* 0: the process was waited for */
	struct sandbox_user user; /* of the process */
	int socket_fd;
	int executable_fd; /* borrowed */
	struct elf_debug_places places;
	uint64_t deadline_ns; /* monotonic */
	bool has_searched;    /* for debug files */
	bool has_warned;
};

#endif
