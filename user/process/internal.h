/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_INTERNAL_H
#define SCOTTYSCOPE_PROCESS_INTERNAL_H

#include "process/process.h"

/* Opens the process `pid`. -ESRCH if there is no such process, if the process has ended, or if
 * `pid` is a thread, a kernel thread or this process. */
int process__open(pid_t pid, struct process **ret_process, struct error *error);

/* Returns 1 if the process `pid` runs the executable of `target`, 0 if it runs another one; a negative errno
 * if this process may not look, or if there is no such process. */
int process__runs_executable(const struct process *target, pid_t pid);

/* Parses a line of /proc/PID/maps. False if the line is malformed. */
bool process__parse_mapping(const char *line, struct process_mapping *ret_mapping);

/* Parses the text of /proc/PID/task/TID/syscall of the thread `tid`: only the id of a thread that runs. */
struct process_thread process__parse_thread(pid_t tid, const char *text);

/* Reads an environment from `fd` and returns the value of the first variable `name`, malloc'ed; NULL if
 * there is none. */
char *process__search_environment(int fd, const char *name);

/* Returns the value of a line "\nName:   123 kB" of /proc/PID/status in bytes; 0 without the line. */
uint64_t process__parse_kilobytes(const char *status, const char *name);

/* Returns the container id in the text of /proc/PID/cgroup, malloc'ed; NULL without one. */
char *process__parse_container_id(const char *cgroup);

/* Returns the soft limit of open files in the text of /proc/PID/limits; UINT64_MAX: unlimited; 0: not
 * in the text. */
uint64_t process__parse_file_limit(const char *limits);

/* Returns the lowest quota, in CPUs, of the control groups in the text of /proc/PID/cgroup. `root`
 * is their mount point. Infinity without a quota. */
double process__parse_quota(const char *root, const char *cgroup);

/* As process__parse_quota(), for the lowest limit of memory, in bytes. Infinity without a limit. */
double process__parse_memory_limit(const char *root, const char *cgroup);

/* The memory limit of this process's control groups, in bytes. Infinity without a limit. */
double process__own_memory_limit(void);

#endif
