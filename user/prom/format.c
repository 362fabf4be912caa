// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "prom/format.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One element of the list, "type/subtype;name=value;q=0.5", without spaces around it. */
struct media_range {
	const char *text;
	size_t length;
};

static struct media_range trimmed(const char *text, size_t length)
{
	while (length > 0 && strchr(" \t", *text)) {
		text++;
		length--;
	}
	while (length > 0 && strchr(" \t", text[length - 1]))
		length--;
	return (struct media_range){text, length};
}

static bool is_equal(struct media_range part, const char *text)
{
	return part.length == strlen(text) && strncasecmp(part.text, text, part.length) == 0;
}

/* Removes the text before the next `separator` from `rest` and returns the removed text. */
static struct media_range take(struct media_range *rest, char separator)
{
	const char *end = memchr(rest->text, separator, rest->length);
	size_t length = end ? (size_t)(end - rest->text) : rest->length;
	struct media_range part = trimmed(rest->text, length);
	size_t taken = end ? length + 1 : length;

	rest->text += taken;
	rest->length -= taken;
	return part;
}

/* Returns the weight of a media range: 1 without a q parameter, 0 for a malformed number. */
static double weight_of(struct media_range parameters)
{
	while (parameters.length > 0) {
		struct media_range parameter = take(&parameters, ';');
		char digits[8] = "";

		if (parameter.length < 2 || strncasecmp(parameter.text, "q=", 2) != 0)
			continue;
		if (parameter.length - 2 >= sizeof(digits))
			return 0;
		memcpy(digits, parameter.text + 2, parameter.length - 2);
		return strtod(digits, NULL);
	}
	return 1;
}

enum prom_format prom_format_of_accept(const char *accept)
{
	struct media_range rest = {accept, accept ? strlen(accept) : 0};
	double open_metrics = 0, text = 0;
	bool is_first = false; /* whether OpenMetrics stands before any text range */

	while (rest.length > 0) {
		struct media_range parameters = take(&rest, ',');
		struct media_range type = take(&parameters, ';');
		double weight = weight_of(parameters);

		if (is_equal(type, "application/openmetrics-text")) {
			is_first = is_first || text == 0;
			open_metrics = weight > open_metrics ? weight : open_metrics;
		} else if (is_equal(type, "text/plain") || is_equal(type, "text/*")) {
			text = weight > text ? weight : text;
		}
	}
	return open_metrics > text || (open_metrics > 0 && open_metrics == text && is_first)
		       ? PROM_FORMAT_OPENMETRICS
		       : PROM_FORMAT_TEXT;
}

const char *prom_format_content_type(enum prom_format format)
{
	return format == PROM_FORMAT_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}
