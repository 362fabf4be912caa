// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "base/array.h"
#include "prom/format.h"

/* Accept headers, some of real scrapers, and the expected formats. */
Test(prom_format, of_accept)
{
	static const struct {
		const char *accept;
		enum prom_format format;
	} rows[] = {
		{NULL, PROM_FORMAT_TEXT},
		{"", PROM_FORMAT_TEXT},
		{"*/*", PROM_FORMAT_TEXT},
		{"text/plain", PROM_FORMAT_TEXT},
		{"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", PROM_FORMAT_TEXT},
		{"application/openmetrics-text", PROM_FORMAT_OPENMETRICS},
		{"Application/OpenMetrics-Text ; version=1.0.0", PROM_FORMAT_OPENMETRICS},
		/* Prometheus 3 */
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		 "application/openmetrics-text;version=0.0.1;q=0.4,"
		 "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
		 "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		 PROM_FORMAT_OPENMETRICS},
		/* a scrape configuration that prefers the text format */
		{"text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4",
		 PROM_FORMAT_TEXT},
		{"text/plain, application/openmetrics-text", PROM_FORMAT_TEXT},
		{"application/openmetrics-text, text/plain", PROM_FORMAT_OPENMETRICS},
		{"application/openmetrics-text;q=0", PROM_FORMAT_TEXT},
		{"application/openmetrics-text;q=0,text/plain;q=0", PROM_FORMAT_TEXT},
		{"application/openmetrics-text;q=", PROM_FORMAT_TEXT},
		{"application/openmetrics-text;q=0.00000000000000001", PROM_FORMAT_TEXT},
		{";,;;,=;q=1,", PROM_FORMAT_TEXT},
		{"application/openmetrics-textual", PROM_FORMAT_TEXT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_assert_eq(prom_format_of_accept(rows[i].accept), rows[i].format, "%s",
			     rows[i].accept);
}
