/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_INTERNAL_H
#define SCOTTYSCOPE_PROCESS_INTERNAL_H

#include "process/process.h"

/* Takes hold of the process with that id: -ESRCH when there is none, when it has ended, or when it
 * is a thread, a kernel thread or this process. */
int process__open(pid_t pid, struct process **ret_process, struct error *error);

/* The container id in the text of /proc/PID/cgroup, malloc'ed; NULL for none. */
char *process__parse_container_id(const char *cgroup);

/* The CPUs that the control groups in the text of /proc/PID/cgroup, mounted below `root`, may use at once;
 * infinite without a quota. */
double process__parse_quota(const char *root, const char *cgroup);

#endif
