/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_SELF_PROGRAM_H
#define SCOTTYSCOPE_BASE_SELF_PROGRAM_H

/* This program, executed anew for another process: then that process has no memory of this one. It has the
 * variables that it is given, and the descriptors that it is given or that are not close-on-exec. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct self_program {
	int fd;		    /* of the program's file */
	int null_fd;	    /* /dev/null */
	char **environment; /* the strings are shared with this process */
};

/* The value before self_program__open(). */
#define SELF_PROGRAM_NONE ((struct self_program){.fd = -1, .null_fd = -1})

/* Opens what an execution needs. `kept`: the beginnings of the variables ("NAME=") that the other process
 * gets, ended by NULL; the others may be secrets. The caller calls self_program__close(), also on failure. */
int self_program__open(struct self_program *program, const char *const *kept, struct error *error);

void self_program__close(struct self_program *program);

/* In the executed program: whether it was executed as `name`, with a socket of this type (SOCK_STREAM...)
 * as descriptor `fd`. */
bool self_program__is_executed_as(const char *name, int fd, int type, char *const argv[]);

/* In a child that was just forked: executes the program with the argument `name` in a session of its own,
 * with fds[i] as descriptor i; -1: none. At most SELF_PROGRAM_FDS. Calls async-signal-safe functions only:
 * the parent may have threads. Returns a negative errno if the execution fails. */
#define SELF_PROGRAM_FDS 8
int self_program__execute(const struct self_program *program, const char *name, const int *fds,
			  size_t count);

#endif
