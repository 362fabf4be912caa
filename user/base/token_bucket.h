/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_TOKEN_BUCKET_H
#define SCOTTYSCOPE_BASE_TOKEN_BUCKET_H

/* A token bucket limits events to a rate, and allows a burst of them. The caller passes the time, so
 * that tests need no clock. */

#include <stdbool.h>
#include <stdint.h>

struct token_bucket {
	uint64_t interval_ns; /* one token is added in this time */
	uint64_t burst;	      /* tokens of a full bucket; at least 1 */
	uint64_t full_ns;     /* when the bucket is full again; 0: it is */
};

/* Takes a token. Returns whether there was one. `now_ns` is monotonic. */
bool token_bucket__take(struct token_bucket *bucket, uint64_t now_ns);

/* Returns after which time there is a token; 0: now. */
uint64_t token_bucket__delay_ns(const struct token_bucket *bucket, uint64_t now_ns);

#endif
