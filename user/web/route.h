/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEB_ROUTE_H
#define SCOTTYSCOPE_WEB_ROUTE_H

/* The table of pages that the HTTP server has: a row for each method and path. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum web_status {
	WEB_STATUS_OK = 200,
	WEB_STATUS_FORBIDDEN = 403,
	WEB_STATUS_NOT_FOUND = 404,
	WEB_STATUS_METHOD_NOT_ALLOWED = 405,
	WEB_STATUS_UNAVAILABLE = 503,
};

/* A request in progress; web/server.h has its accessors. */
struct web_request;

struct web_response {
	enum web_status status;
	const char *content_type;
	const char *vary; /* the request header that the body depends on; NULL: none */
	char *body;	  /* from malloc(); the server frees it */
	size_t size;
	bool keep_open; /* the connection stays open for the client's next request, if possible */
};

/* Fills in a response, which has WEB_STATUS_OK and the content type of the route. Runs in a thread
 * of the connection and may block. Returns a negative errno to close the connection instead. The
 * server's `context` was given to web_server__new(). */
typedef int (*web_handler)(void *context, const struct web_request *request,
			   struct web_response *response);

struct web_route {
	const char *method; /* "GET" answers HEAD too */
	const char *path;
	const char *content_type;
	const char *summary; /* for the index page; NULL: not listed */
	web_handler handler;
	bool is_always_served; /* has a place also where there are too many connections */
};

struct web_routes {
	const struct web_route *items;
	size_t count;

	/* Optional: no further request comes from this connection (see web_request__connection()).
	 * Called once for each connection, from any thread, before the client has the last response. */
	void (*connection_ended)(void *context, uint64_t connection);
};

/* Returns the row of `method` and `path`. Returns NULL without one, and stores
 * WEB_STATUS_METHOD_NOT_ALLOWED if the path has other methods or if no row has the method; otherwise
 * WEB_STATUS_NOT_FOUND. */
const struct web_route *web_routes__find(const struct web_routes *routes, const char *method,
					 const char *path, enum web_status *ret_status);

/* Writes the value of an Allow header (RFC 9110, section 10.2.1): the methods of `path`, or of all
 * rows if the path has none. Truncates at `size`. */
void web_routes__allow(const struct web_routes *routes, const char *path, char *text, size_t size);

/* Makes the text the body of a response that has none. -ENOMEM. */
int web_response__print(struct web_response *response, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
