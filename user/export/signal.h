/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_SIGNAL_H
#define SCOTTYSCOPE_EXPORT_SIGNAL_H

/* The signals of OpenTelemetry that scottyscope exports. Each has a target, headers and a queue of
 * its own. */
enum export_signal {
	EXPORT_METRICS,
	EXPORT_SPANS,
	EXPORT_SIGNAL_COUNT,
};

#endif
