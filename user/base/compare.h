/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_COMPARE_H
#define SCOTTYSCOPE_BASE_COMPARE_H

#include <stdint.h>

/* For qsort() and bsearch(): 64-bit numbers in ascending order. */
static inline int compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

#endif
