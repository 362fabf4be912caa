/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_PLAN_KERNEL_H
#define SCOTTYSCOPE_TESTS_PLAN_KERNEL_H

#include "plan/plan.h"

/* A kernel with all features. */
static const struct plan_kernel full_kernel = {
	.btf = true,
	.ring_buffer = true,
	.uprobe = true,
	.uprobe_multi = true,
	.multi_by_process = true,
	.rss_stat = true,
};

#endif
