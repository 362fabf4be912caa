/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLANNER_CONFINE_H
#define SCOTTYSCOPE_PLANNER_CONFINE_H

#include "base/error.h"
#include "planner/protocol.h"

/* The CPU time of a planner, in seconds: more than the time of the analysis (base/budget.h). */
#define PLANNER_CPU_SECONDS 120

/* Irrevocably confines the planner to two descriptors: its socket and the executable, besides /dev/null. It runs as
 * the user of the request, without capabilities, ends with the agent, can open no file, create no process and no
 * socket, and has limits of memory, time and file size. After an error the process must exit. Where the kernel or a container
 * does not allow filters of system calls, the rest has to do, and `ret_warning` says so; else its code is 0. */
int planner_confine(int socket_fd, int executable_fd, const struct planner_request *request,
		    struct error *ret_warning, struct error *error);

#endif
