/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_ERROR_H
#define SCOTTYSCOPE_BASE_ERROR_H

/* Errors are values. A fallible function returns 0 or a negative errno. Its last argument receives
 * a message: the failed operation, its object, the reason and a remedy. No function below main()
 * logs a failure that it returns. Every function here accepts a NULL error and then returns the
 * code only. */

struct error {
	int code;	    /* negative errno, 0 for none */
	char message[1024]; /* one line, no final newline */
};

/* Sets code and message. Returns `code`, for use as the failing function's return value. `code` is
 * a negative errno; ": %m" at the end of the format adds the reason. The
 * message is safe for a terminal (base/printable.h), whatever names from outside it holds. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Prepends context to the message of a propagated error: "context: message". Returns `code`, which
 * is the error's code. The context is made safe for a terminal like a message. */
int error_prefix(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets the error for a failed allocation. Returns -ENOMEM. */
int error_out_of_memory(struct error *error);

#endif
