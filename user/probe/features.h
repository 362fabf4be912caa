/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_FEATURES_H
#define SCOTTYSCOPE_PROBE_FEATURES_H

#include "base/error.h"
#include "plan/plan.h"

/* Finds out by trying what the kernel offers to this process, which needs its privileges: fills
 * `ret_kernel`, whose `why_not` says the first thing that is missing and what to do about it. tracefs
 * is mounted for this process alone where it is not mounted at all. -EPERM when BPF may not be used
 * at all, -ENOTSUP when the kernel lacks what every signal needs. */
int probe_find_features(struct plan_kernel *ret_kernel, struct error *error);

#endif
