// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/route_label.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/utf8.h"

/* In the place of a NUL, which a label cannot hold: no byte of UTF-8, so that U+FFFD is exported. */
#define NUL_MARK ((char)0xff)

/* The number of bytes before the character that the cut at the capacity may have split. */
static size_t length_before_cut(const struct route_text *route)
{
	size_t length = sizeof(route->text);

	while (length > 0 && utf8_is_continuation(route->text[length - 1]))
		length--;
	return length > 0 ? length - 1 : 0;
}

void route_label(const struct route_text *route, uint64_t hash, char label[ROUTE_LABEL_BYTES])
{
	bool is_cut = route->length > sizeof(route->text);
	size_t length = is_cut ? length_before_cut(route) : route->length;

	for (size_t i = 0; i < length; i++)
		label[i] = route->text[i] ? route->text[i] : NUL_MARK;
	label[length] = '\0';
	if (is_cut)
		snprintf(label + length, ROUTE_LABEL_BYTES - length, ROUTE_MARK "%08x",
			 (uint32_t)(hash >> 32));
}
