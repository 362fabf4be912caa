// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/bounds.h"

#include "base/clock.h"
#include "core/histogram.h"

#define US(n) ((uint64_t)((n)*1e3))
#define MS(n) ((uint64_t)((n)*1e6))

const struct histogram_bounds histogram_bounds_poll = {
	.ns = {US(1), US(2.5), US(5), US(10), US(25), US(50), US(100), US(250), US(500), MS(1),
	       MS(2.5), MS(5), MS(10), MS(25), MS(50), MS(100), MS(250), MS(500), MS(1000)},
	.count = 19,
};

const struct histogram_bounds histogram_bounds_http = {
	.ns = {US(100), US(250), US(500), MS(1), MS(2.5), MS(5), MS(10), MS(25), MS(50), MS(100),
	       MS(250), MS(500), MS(1000), MS(2500), MS(5000), MS(10000)},
	.count = 16,
};

/* Sessions last from a moment to hours. */
const struct histogram_bounds histogram_bounds_session = {
	.ns = {US(100), MS(1), MS(5), MS(10), MS(25), MS(50), MS(100), MS(250), MS(500), MS(1e3),
	       MS(2.5e3), MS(5e3), MS(10e3), MS(30e3), MS(60e3), MS(300e3), MS(900e3), MS(3600e3),
	       MS(4 * 3600e3)},
	.count = 19,
};

const struct histogram_layout histogram_layout_explicit = {
	.polls = &histogram_bounds_poll,
	.http = &histogram_bounds_http,
	.sessions = &histogram_bounds_session,
};

/* A power of two of seconds, in whole nanoseconds: n <= floor(2^e s) is the same as n <= 2^e s. */
#define POWER(e) ((e) < 0 ? NS_PER_S >> (-(e)&63) : NS_PER_S << ((e)&63))

/* About 1 us to 8 s, 61 us to 512 s, and 16 ms to 36 hours. */
static const struct histogram_bounds poll_powers = {
	.ns = {POWER(-20), POWER(-19), POWER(-18), POWER(-17), POWER(-16), POWER(-15),
	       POWER(-14), POWER(-13), POWER(-12), POWER(-11), POWER(-10), POWER(-9),
	       POWER(-8),  POWER(-7),  POWER(-6),  POWER(-5),  POWER(-4),  POWER(-3),
	       POWER(-2),  POWER(-1),  POWER(0),   POWER(1),   POWER(2),   POWER(3)},
	.count = HISTOGRAM_BOUNDS,
	.is_exponential = true,
	.lowest_exponent = -20,
};

static const struct histogram_bounds http_powers = {
	.ns = {POWER(-14), POWER(-13), POWER(-12), POWER(-11), POWER(-10), POWER(-9),
	       POWER(-8),  POWER(-7),  POWER(-6),  POWER(-5),  POWER(-4),  POWER(-3),
	       POWER(-2),  POWER(-1),  POWER(0),   POWER(1),   POWER(2),   POWER(3),
	       POWER(4),   POWER(5),   POWER(6),   POWER(7),   POWER(8),   POWER(9)},
	.count = HISTOGRAM_BOUNDS,
	.is_exponential = true,
	.lowest_exponent = -14,
};

static const struct histogram_bounds session_powers = {
	.ns = {POWER(-6), POWER(-5), POWER(-4), POWER(-3), POWER(-2), POWER(-1),
	       POWER(0),  POWER(1),  POWER(2),	POWER(3),  POWER(4),  POWER(5),
	       POWER(6),  POWER(7),  POWER(8),	POWER(9),  POWER(10), POWER(11),
	       POWER(12), POWER(13), POWER(14), POWER(15), POWER(16), POWER(17)},
	.count = HISTOGRAM_BOUNDS,
	.is_exponential = true,
	.lowest_exponent = -6,
};

const struct histogram_layout histogram_layout_exponential = {
	.polls = &poll_powers,
	.http = &http_powers,
	.sessions = &session_powers,
};

size_t histogram_bounds__bucket(const struct histogram_bounds *bounds, uint64_t value_ns)
{
	return histogram_bucket((const __u64 *)bounds->ns, (__u32)bounds->count, value_ns);
}
