/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_DESCRIPTION_H
#define SCOTTYSCOPE_METRIC_DESCRIPTION_H

/* The description of one metric; metric/descriptions.h lists all of them. */

enum metric_kind {
	METRIC_COUNTER,		/* monotonic sum */
	METRIC_UP_DOWN_COUNTER, /* sum that may fall */
	METRIC_GAUGE,		/* last value */
	METRIC_HISTOGRAM,	/* explicit bounds */
};

/* What a metric is, apart from its values. Names are OpenTelemetry names in dot notation, units
 * UCUM ("s", "By", "{request}"; "1" for a ratio, whose values are real). */
struct metric_description {
	const char *name;
	const char *unit;
	const char *help;
	enum metric_kind kind;
	const char *attributes; /* keys that each point has, separated by spaces */
};

#endif
