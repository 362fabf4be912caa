/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_FEATURES_H
#define SCOTTYSCOPE_PROBE_FEATURES_H

#include "base/error.h"
#include "plan/plan.h"

/* Tries which kernel features this process can use, with its current privileges. Fills
 * `ret_kernel`; `why_not` holds the first missing feature and a remedy. Mounts tracefs for this
 * process only if tracefs is not mounted. -EPERM if BPF is not permitted, -ENOTSUP if the kernel
 * lacks a feature that every instrumentation needs. */
int probe_find_features(struct plan_kernel *ret_kernel, struct error *error);

#endif
