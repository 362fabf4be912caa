/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_REPORT_REPORT_INTERNAL_H
#define SCOTTYSCOPE_REPORT_REPORT_INTERNAL_H

/* Internal functions of the text report, for the files of report/ only. */

#include <stdio.h>

#include "metric/descriptions.h"
#include "metric/metric.h"

/* Returns the metric in the set; NULL if absent. */
const struct metric *report_find(const struct metric_set *set, enum metric_id id);

/* Returns the value of the first point; 0 without one. */
int64_t report_value(const struct metric_set *set, enum metric_id id);

/* Returns the value of an attribute by its name in NAMES_DOCS; "" if absent. */
const char *report_attribute(const struct metric_set *set, const struct metric_point *point,
			     const char *key);

/* Prints a duration with at most four significant digits, in us, ms, s or h; "-" for NAN. */
void report_print_duration(double seconds, FILE *stream);

/* Prints a histogram between the lowest and the highest bound, with one character per bucket. The
 * height of a character is relative to the fullest bucket. */
void report_print_picture(const struct metric_histogram *histogram, FILE *stream);

/* Prints websockets, shell sessions, log streams and compose tasks; nothing if none is
 * instrumented. */
void report_print_sessions(const struct metric_set *set, FILE *stream);

/* Prints polls, scheduling, and the task types with the longest busy time. */
void report_print_tokio(const struct metric_set *set, FILE *stream);

#endif
