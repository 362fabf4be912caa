// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "web/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/addrinfo.h"
#include "base/cleanup.h"

/* A thread per connection, since handlers wait for the probe; these limits bound the threads. A
 * response ends its connection (libmicrohttpd closes it when the response is queued in the handler's
 * first call), so that no client holds a thread between two scrapes. */
#define CONNECTION_LIMIT       16u
#define CONNECTION_TIMEOUT_S   10u
#define CONNECTION_MEMORY      ((size_t)16 * 1024)
#define CONNECTION_STACK_BYTES ((size_t)256 * 1024)

#define TEXT_PLAIN "text/plain; charset=utf-8"

struct web_server {
	struct MHD_Daemon *daemon;
	uint16_t port;
	const struct web_routes *routes;
	void *context;
};

struct web_request {
	struct MHD_Connection *connection;
};

const char *web_request__header(const struct web_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* Queues a response, whose body the library then owns. `allow` is an Allow header or NULL. */
static enum MHD_Result queue_response(struct MHD_Connection *connection,
				      const struct web_response *response, const char *allow)
{
	struct MHD_Response *queued = MHD_create_response_from_buffer(
		response->size, response->body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (!queued) {
		free(response->body);
		return MHD_NO;
	}
	MHD_add_response_header(queued, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);
	MHD_add_response_header(queued, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(queued, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (response->vary)
		MHD_add_response_header(queued, MHD_HTTP_HEADER_VARY, response->vary);
	if (allow)
		MHD_add_response_header(queued, MHD_HTTP_HEADER_ALLOW, allow);
	result = MHD_queue_response(connection, (unsigned int)response->status, queued);
	MHD_destroy_response(queued);
	return result;
}

/* Answers a request that no row of the table serves. */
static enum MHD_Result refuse(const struct web_server *server, struct MHD_Connection *connection,
			      const char *path, enum web_status status)
{
	struct web_response response = {.status = status, .content_type = TEXT_PLAIN};
	char allow[64];
	int r;

	if (status == WEB_STATUS_NOT_FOUND) {
		r = web_response__print(&response, "not found; / lists the pages\n");
		return r < 0 ? MHD_NO : queue_response(connection, &response, NULL);
	}
	web_routes__allow(server->routes, path, allow, sizeof(allow));
	r = web_response__print(&response, "method not allowed; allowed: %s\n", allow);
	return r < 0 ? MHD_NO : queue_response(connection, &response, allow);
}

static enum MHD_Result handle_request(void *context, struct MHD_Connection *connection,
				      const char *url, const char *method, const char *version,
				      const char *upload, size_t *upload_size, void **state)
{
	const struct web_server *server = context;
	const struct web_request request = {.connection = connection};
	struct web_response response = {.status = WEB_STATUS_OK};
	enum web_status refusal;
	const struct web_route *route = web_routes__find(server->routes, method, url, &refusal);

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)state;
	if (!route)
		return refuse(server, connection, url, refusal);
	response.content_type = route->content_type;
	if (route->handler(server->context, &request, &response) < 0) {
		free(response.body);
		return MHD_NO;
	}
	return queue_response(connection, &response, NULL);
}

/* Returns a listening socket on one address, or a negative errno. */
static int listen_at(const struct addrinfo *address)
{
	static const int on = 1;
	_cleanup_close_ int fd =
		socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       address->ai_protocol);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int listen_on(const char *host, uint16_t port, struct error *error)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	_cleanup_(addrinfo_freep) struct addrinfo *addresses = NULL;
	char service[8];
	int fd = -EADDRNOTAVAIL;
	int r;

	snprintf(service, sizeof(service), "%u", port);
	r = getaddrinfo(host, service, &hints, &addresses);
	if (r != 0)
		return error_set(error, -EADDRNOTAVAIL, "cannot listen on %s: %s", host,
				 gai_strerror(r));
	for (const struct addrinfo *address = addresses; address; address = address->ai_next) {
		fd = listen_at(address);
		if (fd >= 0)
			return fd;
	}
	if (fd == -EADDRINUSE) {
		return error_set(error, fd,
				 "cannot listen on %s port %u: %m; end the process that listens "
				 "there or choose another address with --listen",
				 host, port);
	}
	return error_set(error, fd, "cannot listen on %s port %u: %m", host, port);
}

static uint16_t port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	socklen_t size = sizeof(address);

	if (getsockname(fd, &address.any, &size) < 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port
						       : address.v4.sin_port);
}

int web_server__new(const char *host, uint16_t port, const struct web_routes *routes, void *context,
		    struct web_server **ret_server, struct error *error)
{
	_cleanup_(web_server__freep) struct web_server *server = calloc(1, sizeof(*server));
	_cleanup_close_ int fd = -1;

	if (!server)
		return error_out_of_memory(error);
	*server = (struct web_server){.routes = routes, .context = context};
	fd = listen_on(host, port, error);
	if (fd < 0)
		return fd;
	server->port = port_of(fd);
	server->daemon = MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0,
		NULL, NULL, handle_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT, MHD_OPTION_CONNECTION_TIMEOUT,
		CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
		MHD_OPTION_THREAD_STACK_SIZE, CONNECTION_STACK_BYTES, MHD_OPTION_END);
	if (!server->daemon)
		return error_set(error, -EAGAIN, "cannot start the HTTP server on %s port %u", host,
				 port);
	TAKE_FD(fd);
	*ret_server = TAKE_PTR(server);
	return 0;
}

uint16_t web_server__port(const struct web_server *server)
{
	return server->port;
}

void web_server__free(struct web_server *server)
{
	if (!server)
		return;
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	free(server);
}
