// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/problem_log.h"

#include "base/clock.h"

void problem_log__init(struct problem_log *log)
{
	*log = (struct problem_log){
		.lines = {.interval_ns = PROBLEM_LOG_INTERVAL_NS, .burst = PROBLEM_LOG_BURST},
	};
}

bool problem_log__update(struct problem_log *log, bool has_problem, uint64_t now_ns,
			 uint64_t *ret_untold)
{
	log->untold += has_problem != log->had_problem;
	log->had_problem = has_problem;
	if (has_problem == log->told_problem || !token_bucket__take(&log->lines, now_ns))
		return false;
	/* This line reports the last change. */
	*ret_untold = log->untold - 1;
	log->untold = 0;
	log->told_problem = has_problem;
	return true;
}
