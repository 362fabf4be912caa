/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_RUN_STATS_H
#define SCOTTYSCOPE_PROBE_RUN_STATS_H

/* Enables the kernel's measurement of the run times of BPF programs. BPF_ENABLE_STATS needs
 * CAP_SYS_ADMIN on every kernel, and nothing else that the tool does after its start needs this
 * capability on Linux 6.6 and newer. So a helper process keeps the capability: it can make no other
 * system call of weight than this one. */

#include "base/error.h"

struct run_stats;

/* Forks the helper. Must be called before this process has threads, and descriptors or memory that the
 * helper must not have. The caller owns `*ret_stats`. */
int run_stats__start(struct run_stats **ret_stats, struct error *error);

/* Returns a descriptor: run times are measured until it is closed. -EPIPE when the helper has ended,
 * -ETIMEDOUT, or the error of BPF_ENABLE_STATS. */
int run_stats__enable(struct run_stats *stats);

/* Ends the helper. */
void run_stats__free(struct run_stats *stats);

#endif
