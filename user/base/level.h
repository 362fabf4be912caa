/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_LEVEL_H
#define SCOTTYSCOPE_BASE_LEVEL_H

/* How much is observed: each level contains the one before it. */

enum level {
	LEVEL_BASIC,	/* no polls and no run queues of tokio */
	LEVEL_STANDARD, /* polls too */
	LEVEL_FULL,	/* run queues too */
};

/* The names by which users choose a level, in the order of `enum level`; NULL is the end. */
extern const char *const level_names[];

static inline const char *level_name(enum level level)
{
	return level_names[level];
}

#endif
