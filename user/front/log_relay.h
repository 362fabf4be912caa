/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_LOG_RELAY_H
#define SCOTTYSCOPE_FRONT_LOG_RELAY_H

/* Prints the lines that fronts, supervisors and their libraries write to standard error. These
 * processes do not have the agent's terminal: the agent limits the number and the length of the lines,
 * marks each line as the front's, and makes it printable (base/log.h). */

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/token_bucket.h"

#define LOG_RELAY_LINE_BYTES 1024

struct log_relay {
	char line[LOG_RELAY_LINE_BYTES]; /* the last line, which is not complete yet */
	size_t length;
	struct token_bucket lines;
	uint64_t dropped; /* lines since the last printed line */
	void (*print)(enum log_level level, const char *text);
};

/* `print` prints a line to the log; in tests it is another function. */
void log_relay__init(struct log_relay *relay, void (*print)(enum log_level, const char *));

/* Takes bytes that were read at the monotonic time `now_ns`. */
void log_relay__add(struct log_relay *relay, const char *bytes, size_t size, uint64_t now_ns);

/* Prints a last line without a line end, and the number of lines that were dropped. */
void log_relay__flush(struct log_relay *relay, uint64_t now_ns);

#endif
