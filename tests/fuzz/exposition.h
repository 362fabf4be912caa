/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_FUZZ_EXPOSITION_H
#define SCOTTYSCOPE_TESTS_FUZZ_EXPOSITION_H

/* A strict reader of the two text formats of /metrics: Prometheus text 0.0.4 and OpenMetrics 1.0.0. */

#include <stdbool.h>
#include <stddef.h>

/* Reads the exposition. Fails (fuzz_check()) at a line that is malformed, at samples with another name than
 * their family's, at a label that occurs twice in a series, and, with `is_unique`, at a family or a series that
 * occurs twice. Returns the number of samples. */
size_t exposition_read(const char *text, size_t size, bool is_open_metrics, bool is_unique);

#endif
