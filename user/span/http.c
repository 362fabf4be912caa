// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "span/internal.h"

/* A server's span fails on 5xx only: 4xx is the client's doing. */
static void set_outcome(struct span *span, struct arena *arena,
			const struct ring_http_request *request)
{
	if (request->status == HTTP_STATUS_ABORTED) {
		span->status = SPAN_STATUS_ERROR;
		span->status_message = "the connection ended before a response";
		span__add_attribute(span, span_string("error.type", "aborted"));
		return;
	}
	if (request->status == HTTP_STATUS_UNKNOWN)
		return;
	span__add_attribute(span, span_integer("http.response.status_code", request->status));
	if (request->status >= 500) {
		char *type = arena__printf(arena, "%u", request->status);

		span->status = SPAN_STATUS_ERROR;
		span__add_attribute(span, span_string("error.type", type ? type : "_OTHER"));
	}
}

static void add_copy(struct span *span, struct arena *arena, const char *key, const char *text)
{
	const char *copy = arena__strdup(arena, text);

	span__add_attribute(span, span_string(key, copy ? copy : ""));
}

/* client.address and server.address go with their ports; the client's is the socket's peer, which may
 * be a proxy (semantic conventions, "Server and client addresses"). */
static void add_addresses(struct span *span, struct arena *arena, const struct socket_address *peer,
			  const struct span_scene *scene)
{
	char text[INET6_ADDRSTRLEN];

	if ((peer->family == AF_INET || peer->family == AF_INET6) &&
	    inet_ntop(peer->family, peer->address, text, sizeof(text))) {
		add_copy(span, arena, "client.address", text);
		span__add_attribute(span, span_integer("client.port", peer->port));
	}
	if (scene->server_address)
		add_copy(span, arena, "server.address", scene->server_address);
	if (scene->server_port)
		span__add_attribute(span, span_integer("server.port", scene->server_port));
}

int span_fill_http_request(struct span_batch *batch, struct span *span,
			   const struct ring_http_request *request, const struct span_scene *scene)
{
	struct arena *arena = batch->arena;
	const char *method = ring_method_name(request->method);

	span->kind = SPAN_SERVER;
	span->name = scene->route
			     ? arena__join(arena,
					   (const char *[]){"HTTP ", method, " ", scene->route}, 4)
			     : arena__join(arena, (const char *[]){"HTTP ", method}, 2);
	/* Without a traceparent, a tracestate means nothing (W3C Trace Context 3.3). */
	if (span->parent_is_remote)
		span->trace_state =
			span_trace_state(arena, request->trace_state, strlen(request->trace_state));

	span__add_attribute(span, span_string("http.request.method", method));
	span__add_attribute(span, span_string("url.scheme", "http"));
	if (request->url_path[0])
		add_copy(span, arena, "url.path", request->url_path);
	if (scene->route)
		add_copy(span, arena, "http.route", scene->route);
	add_addresses(span, arena, &request->peer, scene);
	set_outcome(span, arena, request);
	return span->name ? 0 : -ENOSPC;
}
