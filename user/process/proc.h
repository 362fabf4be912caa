/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_PROC_H
#define SCOTTYSCOPE_PROCESS_PROC_H

/* Files of /proc/PID. Processes choose some of the contents themselves. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Opens /proc/PID/`name` and returns the descriptor; a negative errno on failure. */
int proc__open(pid_t pid, const char *name);

/* Opens /proc/PID/`name` as a stream; NULL with errno on failure. */
FILE *proc__stream(pid_t pid, const char *name);

/* Reads /proc/PID/`name` up to `limit` bytes. The text is terminated and malloc'ed. */
int proc__read(pid_t pid, const char *name, size_t limit, char **ret_text, size_t *ret_size);

/* Returns the text of /proc/PID/cgroup, malloc'ed; NULL if the file is not readable. */
char *proc__cgroup(pid_t pid);

/* Reads the target of the link /proc/PID/`name`, malloc'ed. */
int proc__link(pid_t pid, const char *name, char **ret_link);

/* Returns the number of a decimal file name in /proc, such as "123"; 0 for other names. */
pid_t proc__number(const char *name);

struct proc_stat {
	char command[16]; /* name of the main thread: by default the program's name, cut */
	char state;	  /* 'Z': a zombie */
	pid_t parent;
	uint64_t start_ticks; /* since boot, in clock ticks */
	bool is_kernel_thread;
};

int proc__stat(pid_t pid, struct proc_stat *ret_stat);

/* Parses the text of /proc/PID/stat. -EIO if the text is malformed. */
int proc__parse_stat(const char *text, struct proc_stat *ret_stat);

/* Reads the path of the executable as the process sees the path, malloc'ed, without the suffix "
 * (deleted)" that the kernel adds for a deleted file. */
int proc__executable(pid_t pid, char **ret_path, bool *ret_deleted);

/* Returns the part of `path` after the last slash. */
const char *proc__base_name(const char *path);

#endif
