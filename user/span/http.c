// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/wire_names.h"
#include "span/internal.h"

/* Sets the status and the error type. A server's span fails on 5xx only: a 4xx status is the
 * client's error. */
static void set_outcome(struct span *span, struct arena *arena,
			const struct ring_http_request *request)
{
	if (request->status == HTTP_STATUS_ABORTED) {
		span->status = SPAN_STATUS_ERROR;
		span->status_message = "the connection ended before a byte of a response was sent";
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

static const uint8_t mapped_prefix[12] = {[10] = 0xff, 0xff};

static bool is_same_host(const struct socket_address *left, const struct socket_address *right)
{
	return left->family == right->family &&
	       memcmp(left->address, right->address, sizeof(left->address)) == 0;
}

/* Returns the text of a client's address, in the batch's arena; NULL if unknown. */
static const char *client_text(struct span_batch *batch, const struct socket_address *peer)
{
	char text[INET6_ADDRSTRLEN];
	bool is_mapped;

	if (peer->family != AF_INET && peer->family != AF_INET6)
		return NULL;
	if (batch->client_text && is_same_host(&batch->client, peer))
		return batch->client_text;
	/* A socket that listens on [::] has IPv4 clients under mapped addresses (RFC 4291 section
	 * 2.5.5.2). */
	is_mapped = peer->family == AF_INET6 &&
		    memcmp(peer->address, mapped_prefix, sizeof(mapped_prefix)) == 0;
	if (!inet_ntop(is_mapped ? AF_INET : peer->family,
		       peer->address + (is_mapped ? sizeof(mapped_prefix) : 0), text, sizeof(text)))
		return NULL;
	batch->client = *peer;
	batch->client_text = arena__strdup(batch->arena, text);
	return batch->client_text;
}

/* Adds client.address and server.address with their ports, or the transport of a local socket. The
 * client is the socket's peer, which may be a proxy (semantic conventions, "Server and client
 * addresses"). */
static void add_addresses(struct span *span, const struct socket_address *peer,
			  const struct span_assembler *assembler)
{
	const char *client = assembler->has_client ? client_text(assembler->batch, peer) : NULL;
	uint16_t port = peer->family ? peer->local_port : assembler->server_port;

	if (client) {
		span__add_attribute(span, span_string("client.address", client));
		span__add_attribute(span, span_integer("client.port", peer->port));
	}
	if (assembler->server_address)
		span__add_attribute(span, span_string("server.address", assembler->server_address));
	if (peer->family == AF_UNIX)
		span__add_attribute(span, span_string("network.transport", "unix"));
	else if (port)
		span__add_attribute(span, span_integer("server.port", port));
}

/* Names a server's span by its method (NULL: unknown) and route template. Returns the template, which
 * is the end of the name; "" without a template; NULL when out of memory. */
static const char *set_name(struct span *span, struct arena *arena, const char *method,
			    const char *route)
{
	const char *parts[5] = {"HTTP"};
	size_t count = 1;

	if (method) {
		parts[count++] = " ";
		parts[count++] = method;
	}
	if (route) {
		parts[count++] = " ";
		parts[count++] = route;
	}
	span->name = arena__join(arena, parts, count);
	if (!span->name)
		return NULL;
	return route ? span->name + strlen(span->name) - strlen(route) : "";
}

/* Returns the template of the matched route; NULL without a match, if it could not be read, if the map of
 * templates is full, and if spans have no path. */
static const char *route_of(const struct ring_http_request *request,
			    const struct span_assembler *assembler)
{
	if (request->route == ROUTE_UNMATCHED || request->route >= ROUTE_UNKNOWN ||
	    assembler->path == SPAN_PATH_OFF)
		return NULL;
	return assembler->route_text(assembler->context, request->route);
}

/* The mark of a text that was cut: no token and no path of a URL has this character. */
#define CUT "…"

static const char *copy_with_cut(struct arena *arena, const char *text, bool is_cut)
{
	return is_cut ? arena__printf(arena, "%s" CUT, text) : arena__strdup(arena, text);
}

/* Adds the method. An unknown method has its own name in `method_original`, which the client chose. */
static void add_method(struct span *span, struct arena *arena,
		       const struct ring_http_request *request)
{
	const char *original;

	span__add_attribute(span,
			    span_string("http.request.method", wire_method_name(request->method)));
	if (request->method != METHOD_OTHER || !request->method_text[0])
		return;
	original = copy_with_cut(arena, request->method_text, request->method_cut);
	if (original)
		span__add_attribute(span, span_string("http.request.method_original", original));
}

int span_fill_http_request(struct span *span, const struct ring_http_request *request,
			   const struct span_assembler *assembler)
{
	struct arena *arena = assembler->batch->arena;
	/* The name of an unknown method is HTTP (semantic conventions for HTTP spans, "Name"). */
	const char *method =
		request->method == METHOD_OTHER ? NULL : wire_method_name(request->method);
	const char *route = set_name(span, arena, method, route_of(request, assembler));
	const char *path = assembler->path == SPAN_PATH_RAW
				   ? copy_with_cut(arena, request->url_path, request->url_path_cut)
				   : "";

	if (!route || !path)
		return -ENOSPC;
	span->kind = SPAN_SERVER;
	/* A tracestate without a traceparent is invalid (W3C Trace Context 3.3). */
	if (span->parent_is_remote)
		span->trace_state =
			span_trace_state(arena, request->trace_state, strlen(request->trace_state));

	add_method(span, arena, request);
	span__add_attribute(span, span_string("url.scheme", "http"));
	if (path[0])
		span__add_attribute(span, span_string("url.path", path));
	if (route[0])
		span__add_attribute(span, span_string("http.route", route));
	add_addresses(span, &request->peer, assembler);
	set_outcome(span, arena, request);
	return 0;
}
