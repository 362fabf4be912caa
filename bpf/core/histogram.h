/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HISTOGRAM_H
#define SCOTTYSCOPE_HISTOGRAM_H

/* Both sides compile this file. */

#include "core/types.h"

/* Index of the bucket that counts `value_ns`: the first bound that is not below the value, or
 * `count`, the number of bounds. */
static inline __attribute__((always_inline)) __u32 histogram_bucket(const volatile __u64 *bounds_ns,
								    __u32 count, __u64 value_ns)
{
	__u32 bucket = 0;

	while (bucket < count && value_ns > bounds_ns[bucket])
		bucket++;
	return bucket;
}

#endif
