/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEB_SERVER_H
#define SCOTTYSCOPE_WEB_SERVER_H

/* The HTTP server of the front process (libmicrohttpd). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "web/route.h"

struct web_server;

/* Listens on `host` (an address or a name) and `port` (0: any free port), and serves the routes. On a
 * loopback address, requests to other hosts than `host`, `allowed_host` (NULL: none), localhost and
 * addresses are refused. The names, the routes and the `context` of their handlers must outlive the
 * server, which the caller owns.
 * -EADDRINUSE with advice if the port is taken. */
int web_server__new(const char *host, uint16_t port, const char *allowed_host,
		    const struct web_routes *routes, void *context, struct web_server **ret_server,
		    struct error *error);

/* Returns the port that the server listens on. */
uint16_t web_server__port(const struct web_server *server);

/* Ends the connections of clients that are too slow. Call this about once a second. */
void web_server__expire(struct web_server *server);

/* Waits until all handlers have returned. */
void web_server__free(struct web_server *server);

/* For handlers, like the functions below: return the value of a request header or of a query
 * parameter (decoded), or NULL. Valid until the request ends. */
const char *web_request__header(const struct web_request *request, const char *name);
const char *web_request__query(const struct web_request *request, const char *name);

/* Returns the number of the connection, which no other connection of the server has; not 0. */
uint64_t web_request__connection(const struct web_request *request);

/* Returns whether the client does not get the body. */
bool web_request__is_head(const struct web_request *request);

/* Writes the client's address; INET6_ADDRSTRLEN bytes suffice. Empty if the address is unknown. */
void web_request__address(const struct web_request *request, char *text, size_t size);

static inline void web_server__freep(struct web_server **server)
{
	web_server__free(*server);
}

#endif
