/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_SECOND_SIGNAL_H
#define SCOTTYSCOPE_AGENT_SECOND_SIGNAL_H

#include "base/error.h"

/* From now on SIGINT, SIGTERM and SIGHUP end the process at once, with a message and
 * EXIT_STATUS_FAILED. A child keeps the descriptors of the process open until the process has ended,
 * so that the process does not wait for the kernel, which detaches the probes of a closed
 * descriptor. */
int second_signal__end_at_once(struct error *error);

#endif
