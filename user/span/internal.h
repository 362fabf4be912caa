/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_INTERNAL_H
#define SCOTTYSCOPE_SPAN_INTERNAL_H

/* Functions for each type of span, for the files of span/ only. Each function fills in name, kind,
 * status and attributes of a span that has ids, times and events. -ENOSPC when out of memory. */

#include "span/assembler.h"

int span_fill_http_request(struct span *span, const struct ring_http_request *request,
			   const struct span_assembler *assembler);
int span_fill_session(struct span *span, const struct ring_session *session);

/* Maximum number of attributes of a span of any type. */
#define SPAN_ATTRIBUTE_LIMIT 16

#endif
