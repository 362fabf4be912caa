/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_CAPABILITIES_H
#define SCOTTYSCOPE_BASE_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/capability.h>

#include "base/error.h"

/* A capability that a process keeps. */
struct kept_capability {
	cap_value_t capability;
	bool is_dormant; /* permitted, but not effective: for a program that this one executes */
};

/* Drops all capabilities but those of `kept` from the bounding set, for which the thread needs
 * CAP_SETPCAP; without it, no_new_privs has the same effect. */
void capabilities__bound(const struct kept_capability *kept, size_t count);

/* Irrevocably drops all capabilities of the calling thread but those of `kept`, from all sets of
 * capabilities. Does not add a capability that the thread does not have. Must be called before the
 * process starts a thread, since capabilities belong to threads. Includes capabilities__bound(). */
int capabilities__keep(const struct kept_capability *kept, size_t count, struct error *error);

/* Returns whether the capability is effective. */
bool capabilities__has(cap_value_t capability);

/* Makes all permitted capabilities effective, the dormant ones included. For a process that was forked for one use of
 * them: calls async-signal-safe functions only. */
void capabilities__use_dormant(void);

#endif
