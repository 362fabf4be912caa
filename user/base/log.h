/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_LOG_H
#define SCOTTYSCOPE_BASE_LOG_H

#include <stdbool.h>

/* Log messages for the user, one line each, on standard error. */

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Sets the maximum level of written messages. The default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
enum log_level log_level(void);

/* Whether a line could not be written, since the start: nobody reads standard error any more. */
bool log_has_failed(void);

/* Writes one line. `format` has no final newline; the prefix is "scottyscope: " and the level.
 * The line is safe for a terminal (base/printable.h), whatever names from outside it holds. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
