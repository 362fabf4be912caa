/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_LEVEL_H
#define SCOTTYSCOPE_BASE_LEVEL_H

/* The level of detail of the observation: the configuration chooses it, the plan applies it. */

#include <stddef.h>

enum level {
	LEVEL_FULL,	/* all instrumentations */
	LEVEL_STANDARD, /* all but tokio's scheduling */
	LEVEL_BASIC,	/* all but tokio's scheduling and tokio's polls */
	LEVEL_COUNT,
};

/* The names as users write them, by enum level. */
extern const char *const level_names[LEVEL_COUNT];

#endif
