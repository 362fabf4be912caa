// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "prom/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addrinfo.h"
#include "base/cleanup.h"

/* Each connection has a thread, because a scrape waits for the probe; these bound them. An answer
 * ends its connection (libmicrohttpd does so for what is queued at the handler's first call), so
 * that no client keeps a thread between its scrapes. */
#define CONNECTION_LIMIT       16u
#define CONNECTION_TIMEOUT_S   10u
#define CONNECTION_MEMORY      ((size_t)16 * 1024)
#define CONNECTION_STACK_BYTES ((size_t)256 * 1024)

#define TEXT_PLAIN "text/plain; charset=utf-8"

static const char index_text[] = "scottyscope\n\n"
				 "/metrics  what Scotty does, for Prometheus\n"
				 "/healthz  whether this tool works\n";

struct prom_server {
	struct MHD_Daemon *daemon;
	uint16_t port;
	prom_collect collect;
	prom_health health;
	void *context;
};

/* Answers with `response`, which is given up whatever happens. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
			      const char *content_type, struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned int status,
				   const char *text)
{
	return answer(connection, status, TEXT_PLAIN,
		      MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
						      MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result answer_metrics(const struct prom_server *server,
				      struct MHD_Connection *connection)
{
	enum prom_format format = prom_format_of_accept(
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	struct MHD_Response *response;
	char *text;
	size_t size;
	int r = server->collect(server->context, format, &text, &size);

	if (r < 0) {
		return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
				   r == -ETIMEDOUT ? "the probe did not answer in time\n"
						   : "the collection failed\n");
	}
	response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text);
	else
		MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
	return answer(connection, MHD_HTTP_OK, prom_format_content_type(format), response);
}

static enum MHD_Result answer_health(const struct prom_server *server,
				     struct MHD_Connection *connection)
{
	char reason[512] = "";
	char line[sizeof(reason) + 1];

	if (server->health(server->context, reason, sizeof(reason)) == 0)
		return answer_text(connection, MHD_HTTP_OK, "ok\n");
	snprintf(line, sizeof(line), "%s\n", reason);
	return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, line);
}

static enum MHD_Result handle_request(void *context, struct MHD_Connection *connection,
				      const char *url, const char *method, const char *version,
				      const char *upload, size_t *upload_size, void **request)
{
	const struct prom_server *server = context;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)request;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "only GET and HEAD are understood\n");
	}
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(server, connection);
	if (strcmp(url, "/healthz") == 0)
		return answer_health(server, connection);
	if (strcmp(url, "/") == 0)
		return answer_text(connection, MHD_HTTP_OK, index_text);
	return answer_text(connection, MHD_HTTP_NOT_FOUND, "there is only /metrics and /healthz\n");
}

/* A listening socket on one address, or a negative errno. */
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
				 "cannot listen on %s port %u: %m; end what listens there or "
				 "choose another address with --listen",
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

int prom_server__new(const char *host, uint16_t port, prom_collect collect, prom_health health,
		     void *context, struct prom_server **ret_server, struct error *error)
{
	_cleanup_(prom_server__freep) struct prom_server *server = calloc(1, sizeof(*server));
	_cleanup_close_ int fd = -1;

	if (!server)
		return error_out_of_memory(error);
	*server = (struct prom_server){.collect = collect, .health = health, .context = context};
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

uint16_t prom_server__port(const struct prom_server *server)
{
	return server->port;
}

void prom_server__free(struct prom_server *server)
{
	if (!server)
		return;
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	free(server);
}
