/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_REPORT_PARTS_H
#define SCOTTYSCOPE_REPORT_PARTS_H

/* The parts of a text report, for the files of this stage only. */

#include <stdio.h>

#include "metric/descriptions.h"

/* NULL where the collection does not have it. */
const struct metric *report_find(const struct metric_set *set, enum metric_id id);

/* The value of the first point; 0 where there is none. */
int64_t report_value(const struct metric_set *set, enum metric_id id);

/* The value of an attribute by its name in NAMES_DOCS; "" where there is none. */
const char *report_attribute(const struct metric_set *set, const struct metric_point *point,
			     const char *key);

/* A duration with four significant digits at the most, in the unit that suits it. */
void report_print_duration(double seconds, FILE *stream);

/* One character a bucket, its height the bucket's share of the fullest one, between the lowest and
 * the highest bound. */
void report_print_picture(const struct metric_histogram *histogram, FILE *stream);

/* Websockets, shell sessions, log streams and compose tasks; nothing where none of them can be
 * had. */
void report_print_sessions(const struct metric_set *set, FILE *stream);

/* Polls, scheduling, and the kinds of tasks that took the most time. */
void report_print_tokio(const struct metric_set *set, FILE *stream);

#endif
