/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_KERNEL_TYPES_H
#define SCOTTYSCOPE_KERNEL_TYPES_H

#include <linux/types.h>

/* Counters of resident pages in the kernel's accounting (include/linux/mm_types_task.h). */
enum memory_member {
	MEMBER_FILE,
	MEMBER_ANONYMOUS,
	MEMBER_SWAP, /* not resident */
	MEMBER_SHARED,
	MEMBER_COUNT,
};

/* Peak of resident memory, one per CPU, since user space last reset it. */
struct memory_peak {
	__u64 rss_bytes;
};

#endif
