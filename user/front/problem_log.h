/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_PROBLEM_LOG_H
#define SCOTTYSCOPE_FRONT_PROBLEM_LOG_H

/* Decides when the log tells that an export fails, or works again. A collector that flaps writes a bounded
 * number of lines: some at once, then one a minute. The last line always becomes the truth. */

#include <stdbool.h>
#include <stdint.h>

#include "base/token_bucket.h"

#define PROBLEM_LOG_BURST	6
#define PROBLEM_LOG_INTERVAL_NS (60 * NS_PER_S)

struct problem_log {
	struct token_bucket lines;
	bool had_problem;  /* at the last call */
	bool told_problem; /* by the last line */
	uint64_t untold;   /* changes since the last line */
};

void problem_log__init(struct problem_log *log);

/* Takes the present state. Returns whether to log this state now, with the number of changes that no line
 * reported. `now_ns` is monotonic. */
bool problem_log__update(struct problem_log *log, bool has_problem, uint64_t now_ns,
			 uint64_t *ret_untold);

#endif
