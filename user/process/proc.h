/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_PROC_H
#define SCOTTYSCOPE_PROCESS_PROC_H

/* Files of /proc/PID, whose contents the processes themselves choose in part. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Opens /proc/PID/`name`; a negative errno on failure. */
int proc__open(pid_t pid, const char *name);

/* The same as a stream, NULL with errno on failure. */
FILE *proc__stream(pid_t pid, const char *name);

/* All of /proc/PID/`name` up to `limit` bytes, terminated and malloc'ed. */
int proc__read(pid_t pid, const char *name, size_t limit, char **ret_text, size_t *ret_size);

/* The text of /proc/PID/cgroup, malloc'ed; NULL where it cannot be read. */
char *proc__cgroup(pid_t pid);

/* What /proc/PID/`name` links to, malloc'ed. */
int proc__link(pid_t pid, const char *name, char **ret_link);

/* A decimal file name in /proc, such as "123": 0 for all others. */
pid_t proc__number(const char *name);

struct proc_stat {
	char command[16]; /* what the main thread is called: its program's name, cut, or anything */
	char state;	  /* 'Z': ended, but not waited for */
	pid_t parent;
	uint64_t start_ticks; /* since boot, in clock ticks */
	bool is_kernel_thread;
};

int proc__stat(pid_t pid, struct proc_stat *ret_stat);

/* The path of its executable as it sees it, malloc'ed, without the " (deleted)" that the kernel
 * adds to that of a deleted one. */
int proc__executable(pid_t pid, char **ret_path, bool *ret_deleted);

/* What follows the last slash. */
const char *proc__base_name(const char *path);

#endif
