/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_SYSCALL_FILTER_H
#define SCOTTYSCOPE_BASE_SYSCALL_FILTER_H

/* Filters of system calls (seccomp). A denied call fails with ENOSYS, as on a kernel without the call,
 * so that libraries take their older ways; the first denial of each call is one line on standard error,
 * with the number of the call. The kernel kills a process that makes a denied call while all signals are
 * blocked, as the C library does while it creates a thread: calls that it may make there are listed as
 * absent. Filters add up, and programs that the process executes have them too. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Up to two conditions on arguments of a call; all have to hold. */
struct syscall_condition {
	unsigned int argument; /* its index */
	uint64_t mask;	       /* 0: no condition */
	uint64_t value;	       /* of the argument's bits in the mask */
};

#define SYSCALL_CONDITIONS 2

/* A call, by its name on Linux. Rows of the same call add up. A name that the library does not know,
 * or that this machine's kernels do not have, is ignored. */
struct syscall_rule {
	const char *name;
	bool is_absent; /* fails with ENOSYS without a line, whatever the policy */
	struct syscall_condition conditions[SYSCALL_CONDITIONS];
};

enum syscall_policy {
	SYSCALLS_ALLOW_LISTED, /* and deny all others */
	SYSCALLS_DENY_LISTED,  /* and allow all others */
};

/* Filters the calls of all threads of this process; irrevocable. Needs no_new_privs. Denials are said
 * in the name of `process`, a string that must outlive the process. */
int syscall_filter__enter(enum syscall_policy policy, const struct syscall_rule *rules,
			  size_t count, const char *process, struct error *error);

/* Reports denials by the filter that a program inherited, since execve() resets the handler. */
int syscall_filter__report_denials(const char *process, struct error *error);

#endif
