/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_PRINT_H
#define SCOTTYSCOPE_PLAN_PRINT_H

/* The output of `scottyscope verify`. */

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/level.h"
#include "plan/plan.h"
#include "process/process.h"
#include "tokio/runtimes.h"

/* The process and the settings that a plan was made for. */
struct plan_subject {
	const char *host;
	pid_t pid;
	enum level level;
	const char *
		own_telemetry; /* what the server exports itself, such as "metrics"; "" or NULL: nothing */
	const char *app_interval; /* the interval of checks of all applications; NULL: unknown */
	double max_overhead; /* in percent of the CPU time available to the server; 0: no limit */
	/* The processes that plan__reaches_other_processes() is about; NULL: unknown, or none on this kernel. */
	const struct process_sharers *sharers;
	const struct runtimes
		*runtimes; /* found in the process; NULL: its memory was not searched */
};

/* Prints the verdict: what is observed, what is missing and why, the cost, and how to undo it. With
 * `is_verbose` also the executable, the task types with a role, and every instrumentation with its strategy
 * and its sites. */
void plan__print_text(const struct plan *plan, const struct plan_subject *subject, bool is_verbose,
		      FILE *stream);

/* Prints all of the plan as JSON; docs/json.md describes the members. Text that is not UTF-8 is repaired
 * as in OTLP. -ENOMEM. */
int plan__print_json(const struct plan *plan, const struct plan_subject *subject, FILE *stream,
		     struct error *error);

/* Returns how probe sites are attached: by one link for a hook or by one perf event for a site. */
const char *plan_attachment_name(const struct plan *plan);

/* Iterates over the hooks of a strategy: first the needed, then the optional ones; NULL behind the last. */
const struct plan_hook *plan_hook_of_strategy(const struct plan *plan,
					      const struct catalogue_strategy *strategy,
					      size_t index);

/* Prints the runtimes that were found in the process, and what is known of each. */
void plan_print_runtimes(const struct plan *plan, const struct plan_subject *subject, FILE *stream);

/* Whether the wake-ups of tasks of that kind of runtime are observed. */
bool plan_observes_wakes(const struct plan *plan, enum runtime_kind kind);

/* Returns the number of vtables of a task type. */
size_t plan_count_vtables(const struct plan *plan, size_t task_type);

#endif
