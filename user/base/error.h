/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_ERROR_H
#define SCOTTYSCOPE_BASE_ERROR_H

/* Errors are values. A function that can fail returns 0 or a negative errno and, through its last
 * argument, says what failed, on what, why and what to do about it. Nothing below main() logs a
 * failure that it returns. Every function here accepts a NULL error: then only the code is kept. */

struct error {
	int code;	    /* negative errno, 0 for none */
	char message[1024]; /* one line, no final newline */
};

/* Sets code and message; returns `code`, so that it can be the failing function's return value.
 * `code` is a negative errno; where the reason is the code, end the format with ": %m". Control
 * characters, which names from outside may hold, become "?". */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts context before the message of an error that rises: "context: message". Returns `code`, which
 * is the error's. */
int error_prefix(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* error_set() for memory that could not be had. */
int error_out_of_memory(struct error *error);

#endif
