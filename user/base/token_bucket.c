// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/token_bucket.h"

/* The bucket is a time, as in the generic cell rate algorithm: each token moves the time at which the
 * bucket is full by one interval. A token is left while that time is less than a bucket away. */

uint64_t token_bucket__delay_ns(const struct token_bucket *bucket, uint64_t now_ns)
{
	uint64_t latest_ns = now_ns + (bucket->burst - 1) * bucket->interval_ns;

	return bucket->full_ns > latest_ns ? bucket->full_ns - latest_ns : 0;
}

bool token_bucket__take(struct token_bucket *bucket, uint64_t now_ns)
{
	if (token_bucket__delay_ns(bucket, now_ns) > 0)
		return false;
	if (bucket->full_ns < now_ns)
		bucket->full_ns = now_ns;
	bucket->full_ns += bucket->interval_ns;
	return true;
}
