/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEB_SERVER_H
#define SCOTTYSCOPE_WEB_SERVER_H

/* The HTTP server of the front process (libmicrohttpd). */

#include <stdint.h>

#include "base/error.h"
#include "web/route.h"

struct web_server;

/* Listens on `host` (an address or a name) and `port` (0: any free port), and serves the routes. The
 * routes and the `context` of their handlers must outlive the server, which the caller owns.
 * -EADDRINUSE with advice if the port is taken. */
int web_server__new(const char *host, uint16_t port, const struct web_routes *routes, void *context,
		    struct web_server **ret_server, struct error *error);

/* Returns the port that the server listens on. */
uint16_t web_server__port(const struct web_server *server);

/* Waits until all handlers have returned. */
void web_server__free(struct web_server *server);

/* For handlers: returns the value of a request header, or NULL. Valid as long as the request. */
const char *web_request__header(const struct web_request *request, const char *name);

static inline void web_server__freep(struct web_server **server)
{
	web_server__free(*server);
}

#endif
