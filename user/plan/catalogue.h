/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_CATALOGUE_H
#define SCOTTYSCOPE_PLAN_CATALOGUE_H

/* The catalogue is data: the instrumentations, the ranked strategies to get each, and the functions that
 * the hooks of a strategy are in. A new instrumentation or strategy is a row of the catalogue, and where it
 * needs a new hook, a row of HOOK_LIST (wire.h) and a BPF program. */

#include <stdbool.h>
#include <stddef.h>

#include "argument.h"
#include "wire.h"

/* The needs of a strategy besides its hooks. */
enum plan_need {
	NEED_UPROBE = 1 << 0,	/* uprobes of the kernel */
	NEED_RSS_STAT = 1 << 1, /* tracepoint kmem:rss_stat */
	NEED_POLLS = 1 << 2,	/* INSTR_TOKIO_POLLS: an event belongs to the task that is polled */
	NEED_WEBSOCKETS = 1 << 3,      /* INSTR_WEBSOCKETS: the requests of clients */
	NEED_SPAWNS = 1 << 4,	       /* a hook at the spawn of tasks */
	NEED_APPLICATIONS = 1 << 5,    /* INSTR_APPLICATIONS */
	NEED_STATUS_OFFSET = 1 << 6,   /* the offset of the status in AppData */
	NEED_NO_MULTI_THREAD = 1 << 7, /* an executable without tokio's multi-thread scheduler */
};

/* What a BPF program reads at a site: arguments, and the following. */
#define READS(argument)	    (1U << (argument))
#define READS_MEMORY	    READS(0) /* memory behind arguments that the function itself may change */
#define READS_RESULT	    READS(30) /* at an exit: the address of a result in memory */
#define READS_STACK_POINTER READS(31)

/* A function for a hook. */
struct catalogue_site {
	const char *path;   /* normalised Rust path; every copy is hooked. NULL: end of the list */
	unsigned int reads; /* READS() */
	/* The function serves only if at least this percentage of the asynchronous tasks' poll functions call
	 * it; a compiler may have inlined the function into others. 0: any percentage. */
	unsigned int percent_of_polls;
	/* Copies whose mangled names contain this text have no hook. NULL: none. */
	const char *except;
	/* Copies that call the function with this path have no hook. NULL: none. */
	const char *except_callers_of;
};

/* The place of a hook in its function. */
enum catalogue_place {
	PLACE_ENTRY,  /* or a cheaper instruction behind the entry that every call passes */
	PLACE_RETURN, /* a return probe: only for functions that no panic unwinds */
	PLACE_EXITS,  /* before each return, which a panic does not pass */
};

#define HOOK_FUNCTION_LIMIT 3

/* A hook is in the first of its functions that the executable has. Its name and its BPF program are in
 * base/wire_names.h. */
struct catalogue_hook {
	struct catalogue_site functions[HOOK_FUNCTION_LIMIT]; /* none: a tracepoint */
	enum catalogue_place place;
	bool repeat_ok;	       /* a second hit within one call is harmless */
	bool in_all_functions; /* the hook is in all functions, not in the first one only */
	bool is_of_polls; /* hit with every poll; detached while polls are sampled (probe/polls.h) */
};

extern const struct catalogue_hook catalogue_hooks[HOOK_COUNT]; /* by enum hook */

static inline bool catalogue_hook__is_tracepoint(enum hook hook)
{
	return !catalogue_hooks[hook].functions[0].path;
}

enum instrumentation_id {
	INSTR_HTTP_REQUESTS,
	INSTR_HTTP_ROUTES,
	INSTR_CLIENT_ADDRESSES,
	INSTR_WEBSOCKETS,
	INSTR_SHELL_SESSIONS,
	INSTR_LOG_STREAMS,
	INSTR_COMPOSE_TASKS,
	INSTR_APPLICATIONS,
	INSTR_APP_STATUSES,
	INSTR_TOKIO_POLLS,
	INSTR_TOKIO_TASKS,
	INSTR_TOKIO_SCHEDULING,
	INSTR_TOKIO_WORKERS,
	INSTR_MEMORY,
	INSTR_MEMORY_PEAK,
	INSTR_OAUTH_FLOWS,
	INSTR_OAUTH_SESSIONS,
	INSTR_RATE_LIMITS,
	INSTR_COUNT,
};

struct catalogue_instrumentation {
	const char *name;
	const char *gives; /* metrics and spans */
};

extern const struct catalogue_instrumentation
	catalogue_instrumentations[INSTR_COUNT]; /* by enum instrumentation_id */

#define STRATEGY_HOOK_LIMIT 6

/* One way to get an instrumentation. Of the available strategies the first one is chosen, but a strategy
 * without single-stepped sites precedes one with such sites. */
struct catalogue_strategy {
	enum instrumentation_id id;
	const char *name;
	unsigned int needs;		      /* enum plan_need */
	enum hook hooks[STRATEGY_HOOK_LIMIT]; /* all are needed */
	size_t hook_count;
	enum hook optional_hooks[STRATEGY_HOOK_LIMIT]; /* attached if present, not needed */
	size_t optional_hook_count;
	const char *path;    /* a function that must exist though it is not hooked; NULL: none */
	enum task_role role; /* a task type with this role must exist; ROLE_NONE: none */
};

/* More than the catalogue has. */
#define CATALOGUE_STRATEGY_LIMIT 64

extern const struct catalogue_strategy
	catalogue_strategies[]; /* by instrumentation, then by rank */
extern const size_t catalogue_strategy_count;

#endif
