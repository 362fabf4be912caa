/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROM_FORMAT_H
#define SCOTTYSCOPE_PROM_FORMAT_H

/* The two text formats of /metrics, and the choice between them. */

enum prom_format {
	PROM_FORMAT_TEXT,	 /* Prometheus text exposition format 0.0.4 */
	PROM_FORMAT_OPENMETRICS, /* OpenMetrics 1.0.0, which has exemplars */
	PROM_FORMAT_COUNT,
};

/* Returns the format that an Accept header (NULL: none) prefers, by the weights of RFC 9110,
 * section 12.5.1. Only a media range that names OpenMetrics selects OpenMetrics; with equal weights
 * the text format wins unless OpenMetrics stands first. */
enum prom_format prom_format_of_accept(const char *accept);

/* Returns the value of the Content-Type header. */
const char *prom_format_content_type(enum prom_format format);

#endif
