/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_CONFINE_H
#define SCOTTYSCOPE_AGENT_CONFINE_H

#include <stdbool.h>

#include "base/error.h"

/* Irrevocably restricts a process that is about to read a foreign executable: no privileges by
 * execve(), and only the capabilities that planning, loading and attaching may take. For the start of
 * a command. */
int agent_confine__begin(struct error *error);

/* Irrevocably restricts the agent once the probe is attached, before it starts a thread: only the
 * capabilities for the rest of its life, and no system calls by which it could change the system, other
 * processes or files. `keeps_sys_admin`: each attachment takes CAP_SYS_ADMIN. A kernel that does not
 * filter system calls is no error, but logged. */
int agent_confine__finish(bool keeps_sys_admin, struct error *error);

#endif
