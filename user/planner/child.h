/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLANNER_CHILD_H
#define SCOTTYSCOPE_PLANNER_CHILD_H

/* The planner: a process without privileges that reads the executable of the target and finds the sites of all hooks.
 * The agent executes its own program as the planner, so the planner has no memory of the agent. */

#include <stdbool.h>

/* The first argument of the program, and the name of the process. */
#define PLANNER_NAME "scottyscope-pln"

/* The descriptors of a planner, besides /dev/null. */
#define PLANNER_SOCKET_FD     3
#define PLANNER_EXECUTABLE_FD 4

/* Returns whether the program was executed as a planner. */
bool planner_child__is_requested(char *const argv[]);

/* Runs the planner. */
_Noreturn void planner_child__run(void);

/* Analyses the executable and sends the plan, or why there is none. Returns 0; a negative errno if the agent
 * cannot be reached. */
int planner_child__serve(int socket_fd, int executable_fd, const char *path);

#endif
