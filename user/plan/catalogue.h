/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_CATALOGUE_H
#define SCOTTYSCOPE_PLAN_CATALOGUE_H

/* The catalogue is data: what can be reported (signals), the ranked ways to get each, and the
 * functions that the ways hook. A new signal or way is a row here and, if need be, one program. */

#include <stddef.h>

#include "wire.h"

/* What a way needs of the kernel besides loading programs with BTF. */
enum plan_need {
	NEED_UPROBE = 1 << 0,
	NEED_RSS_STAT = 1 << 1, /* tracepoint kmem:rss_stat */
};

/* How a hook is found in the executable. */
struct catalogue_hook {
	enum hook hook;
	const char *name;
	const char *program; /* of the BPF object */
	const char *path;    /* normalised Rust path; every copy is hooked. NULL: no uprobe */
	unsigned int keep;   /* argument registers that the program reads, enum code_register */
	_Bool repeat_ok;     /* a second hit of one call is harmless */
};

extern const struct catalogue_hook catalogue_hooks[HOOK_COUNT];

enum signal_id {
	SIGNAL_HTTP_REQUESTS,
	SIGNAL_HTTP_ROUTES,
	SIGNAL_TOKIO_POLLS,
	SIGNAL_TOKIO_TASKS,
	SIGNAL_TOKIO_WORKERS,
	SIGNAL_MEMORY,
	SIGNAL_MEMORY_PEAK,
	SIGNAL_WEBSOCKETS,
	SIGNAL_SHELL_SESSIONS,
	SIGNAL_LOG_STREAMS,
	SIGNAL_COMPOSE_TASKS,
	SIGNAL_APPLICATIONS,
	SIGNAL_TOKIO_SCHEDULING,
	SIGNAL_OAUTH_AND_RATE_LIMITS,
	SIGNAL_COUNT,
};

struct catalogue_signal {
	enum signal_id id;
	const char *name;
	const char *gives; /* metrics and spans */
};

extern const struct catalogue_signal catalogue_signals[SIGNAL_COUNT];

/* One way to get a signal. Of the possible ones the first in rank is chosen, but one whose sites
 * are cheap goes before one with a single-stepped site. */
#define WAY_HOOK_LIMIT 4

struct catalogue_way {
	enum signal_id signal;
	const char *name;
	unsigned int needs;		 /* enum plan_need */
	enum hook hooks[WAY_HOOK_LIMIT]; /* all of these */
	size_t hook_count;
	/* Hooked too, where the executable has them: they tell what the way cannot see. */
	enum hook watches[WAY_HOOK_LIMIT];
	size_t watch_count;
	const char *path; /* a function that must exist though it is not hooked; NULL: none */
};

extern const struct catalogue_way catalogue_ways[]; /* by signal, then by rank */
extern const size_t catalogue_way_count;

#endif
