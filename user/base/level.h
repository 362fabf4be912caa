/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_LEVEL_H
#define SCOTTYSCOPE_BASE_LEVEL_H

/* Levels of observation. Each level contains the previous one. */

enum level {
	LEVEL_BASIC,	/* no polls and no run queues of tokio */
	LEVEL_STANDARD, /* adds polls */
	LEVEL_FULL,	/* adds run queues */
};

/* The names of the levels for users, in the order of `enum level`, terminated by NULL. */
extern const char *const level_names[];

static inline const char *level_name(enum level level)
{
	return level_names[level];
}

#endif
