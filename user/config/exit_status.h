/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_EXIT_STATUS_H
#define SCOTTYSCOPE_CONFIG_EXIT_STATUS_H

#include <errno.h>

/* One list for the constants and for the text of --help. */
#define EXIT_STATUSES(X)                                                                        \
	X(EXIT_STATUS_DONE, 0, "done; verify: every instrumentation of the level is available") \
	X(EXIT_STATUS_FAILED, 1,                                                                \
	  "failed while running; verify: no instrumentation; health: does not work")            \
	X(EXIT_STATUS_USAGE, 2,                                                                 \
	  "bad option, argument, environment variable or configuration file")                   \
	X(EXIT_STATUS_PARTIAL, 3, "verify: some instrumentations are missing")                  \
	X(EXIT_STATUS_TARGET, 4, "no matching process, or several")                             \
	X(EXIT_STATUS_PERMISSION, 5, "not permitted: needs root, or the capabilities named")

enum exit_status {
#define X(name, number, text) name = (number),
	EXIT_STATUSES(X)
#undef X
};

/* The exit status for the error `code` of any stage except config: the errors of config are
 * EXIT_STATUS_USAGE. */
static inline enum exit_status exit_status__of_error(int code)
{
	switch (code) {
	case 0:
		return EXIT_STATUS_DONE;
	case -ESRCH:
	case -EEXIST:
		return EXIT_STATUS_TARGET;
	case -EACCES:
	case -EPERM:
		return EXIT_STATUS_PERMISSION;
	default:
		return EXIT_STATUS_FAILED;
	}
}

#endif
