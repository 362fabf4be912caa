/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_COMMAND_SUBJECT_H
#define SCOTTYSCOPE_COMMAND_SUBJECT_H

/* The process in question and what is known of it before anything is attached. */

#include "base/error.h"
#include "config/config.h"
#include "plan/plan.h"
#include "process/process.h"

struct subject {
	struct process *target;
	uint64_t load_bias;
	struct plan *plan;
};

/* Finds the process that the configuration selects. */
int subject__find(struct subject *subject, const struct config *config, struct error *error);

/* Reads its executable and makes the plan for this kernel. */
int subject__plan(struct subject *subject, const struct config *config, struct error *error);

void subject__done(struct subject *subject);

#endif
