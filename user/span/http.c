// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "span/http.h"

#include <errno.h>
#include <stdio.h>

#define ATTRIBUTE_LIMIT 6

static void add_string(struct span *span, const char *key, const char *value)
{
	span->attributes[span->attribute_count++] = (struct span_attribute){
		.key = key,
		.kind = SPAN_ATTRIBUTE_STRING,
		.string = value,
	};
}

static void add_integer(struct span *span, const char *key, int64_t value)
{
	span->attributes[span->attribute_count++] = (struct span_attribute){
		.key = key,
		.kind = SPAN_ATTRIBUTE_INTEGER,
		.integer = value,
	};
}

/* A server's span fails on 5xx only: 4xx is the client's doing. */
static void set_outcome(struct span *span, struct arena *arena,
			const struct ring_http_request *request)
{
	if (request->status == HTTP_STATUS_ABORTED) {
		span->status = SPAN_STATUS_ERROR;
		span->status_message = "the connection ended before a response";
		add_string(span, "error.type", "aborted");
		return;
	}
	if (request->status == HTTP_STATUS_UNKNOWN)
		return;
	add_integer(span, "http.response.status_code", request->status);
	if (request->status >= 500) {
		char *type = arena__printf(arena, "%u", request->status);

		span->status = SPAN_STATUS_ERROR;
		add_string(span, "error.type", type ? type : "_OTHER");
	}
}

int span_add_http_request(struct span_batch *batch, const struct ring_http_request *request,
			  const char *route, int64_t clock_offset_ns)
{
	struct span *span = span_batch__add(batch, ATTRIBUTE_LIMIT);
	struct arena *arena = batch->arena;
	const char *method = ring_method_name(request->method);

	if (!span)
		return -ENOSPC;
	span->attribute_count = 0;
	span_new_ids(span->trace_id, span->span_id);
	span->kind = SPAN_SERVER;
	span->start_ns = (uint64_t)((int64_t)request->start_ns + clock_offset_ns);
	span->end_ns = (uint64_t)((int64_t)request->end_ns + clock_offset_ns);
	span->name = route ? arena__printf(arena, "HTTP %s %s", method, route)
			   : arena__printf(arena, "HTTP %s", method);

	add_string(span, "http.request.method", method);
	add_string(span, "url.scheme", "http");
	if (request->url_path[0]) {
		const char *path = arena__strdup(arena, request->url_path);

		add_string(span, "url.path", path ? path : "");
	}
	if (route) {
		const char *copy = arena__strdup(arena, route);

		add_string(span, "http.route", copy ? copy : "");
	}
	set_outcome(span, arena, request);
	return span->name ? 0 : -ENOSPC;
}
