/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SPAN_INTERNAL_H
#define SCOTTYSCOPE_SPAN_INTERNAL_H

/* The kinds of spans, for the files of this stage only. Each fills name, kind, status and attributes
 * of a span whose ids, times and events are there; -ENOSPC when out of memory. */

#include "span/record.h"

int span_fill_http_request(struct span_batch *batch, struct span *span,
			   const struct ring_http_request *request, const struct span_scene *scene);
int span_fill_session(struct span *span, const struct ring_session *session);

/* How many attributes a span of any kind has at most. */
#define SPAN_ATTRIBUTE_LIMIT 16

#endif
