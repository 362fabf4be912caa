/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_CATALOGUE_H
#define SCOTTYSCOPE_PLAN_CATALOGUE_H

/* The catalogue is data: what can be reported (signals), the ranked ways to get each, and the
 * functions that the ways hook. A new signal or way is a row here and, if need be, one program. */

#include <stdbool.h>
#include <stddef.h>

#include "argument.h"
#include "wire.h"

/* What a way needs besides its hooks. */
enum plan_need {
	NEED_UPROBE = 1 << 0,	     /* of the kernel */
	NEED_RSS_STAT = 1 << 1,	     /* tracepoint kmem:rss_stat */
	NEED_SOCKET_ACCEPT = 1 << 2, /* tracepoints syscalls:sys_{enter,exit}_accept4 */
	NEED_POLLS = 1 << 3,	     /* what happens is told by the task whose poll it happens in */
	NEED_WEBSOCKETS = 1 << 4,    /* what clients ask for is seen */
	NEED_SPAWNS = 1 << 5,	     /* tasks are seen when they are spawned */
	NEED_APPLICATIONS = 1 << 6,  /* applications are */
	NEED_STATUS_OFFSET = 1 << 7, /* the executable's code tells where AppData has its status */
};

#define READS(argument)	    (1U << (argument))
#define READS_MEMORY	    READS(0) /* what they point to, where the function itself may change that */
#define READS_RESULT	    READS(30) /* at an exit: the address of a result in memory */
#define READS_STACK_POINTER READS(31)

/* A function that a hook may be at the entry of. */
struct catalogue_site {
	const char *path;   /* normalised Rust path; every copy is hooked. NULL: no more */
	unsigned int reads; /* what the program reads: READS() of arguments, and more */
	/* It will do only if so many percent of the asynchronous tasks' polls call it: a compiler
	 * may have inlined it into some. 0: that does not matter. */
	unsigned int percent_of_polls;
};

/* Where in a function a hook is. */
enum catalogue_place {
	PLACE_ENTRY,  /* or a cheaper instruction behind it that every call passes */
	PLACE_RETURN, /* by a return probe: only of functions that no panic unwinds */
	PLACE_EXITS,  /* right before each return, which a panic does not pass */
};

/* How a hook is found in the executable: at the first of these functions that is there. */
#define HOOK_FUNCTION_LIMIT 3

struct catalogue_hook {
	const char *name;
	const char *program;				      /* of the BPF object */
	struct catalogue_site functions[HOOK_FUNCTION_LIMIT]; /* none: a tracepoint */
	enum catalogue_place place;
	bool repeat_ok;	       /* a second hit of one call is harmless */
	bool in_all_functions; /* not in the first that is there only */
	bool is_of_polls;      /* hit with every poll: polls can be let go of (probe/polls.h) */
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

/* One way to get a signal. Of the possible ones the first in rank is chosen, but one whose sites
 * are cheap goes before one with a single-stepped site. */
#define STRATEGY_HOOK_LIMIT 6

struct catalogue_strategy {
	enum instrumentation_id signal;
	const char *name;
	unsigned int needs;		      /* enum plan_need */
	enum hook hooks[STRATEGY_HOOK_LIMIT]; /* all of these */
	size_t hook_count;
	/* Hooked too, where the executable has them: they tell what the way cannot see. */
	enum hook optional_hooks[STRATEGY_HOOK_LIMIT];
	size_t optional_hook_count;
	const char *path;    /* a function that must exist though it is not hooked; NULL: none */
	enum task_role role; /* a kind of task that must exist; ROLE_NONE: none */
};

extern const struct catalogue_strategy catalogue_strategies[]; /* by signal, then by rank */
extern const size_t catalogue_strategy_count;

#endif
