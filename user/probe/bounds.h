/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_BOUNDS_H
#define SCOTTYSCOPE_PROBE_BOUNDS_H

/* By which bounds the kernel counts durations. */

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* A histogram's bounds in nanoseconds, ascending, `count` of them (at most HISTOGRAM_BOUNDS). */
struct probe_bounds {
	__u64 ns[HISTOGRAM_BOUNDS];
	size_t count;
	_Bool is_exponential; /* they are 2 to the power of `lowest_exponent` seconds, and so on */
	int lowest_exponent;
};

extern const struct probe_bounds probe_poll_bounds;
extern const struct probe_bounds probe_http_bounds;
extern const struct probe_bounds probe_session_bounds;

/* Those of all histograms. */
struct probe_histograms {
	const struct probe_bounds *polls; /* idle times and first-poll delays, too */
	const struct probe_bounds *http;
	const struct probe_bounds *sessions;
};

extern const struct probe_histograms probe_histograms_explicit;
extern const struct probe_histograms probe_histograms_exponential;

#endif
