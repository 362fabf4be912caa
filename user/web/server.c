// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "web/clients.h"
#include "web/host.h"
#include "web/listen.h"

/* A thread per connection, since handlers wait for the agent: web/clients.h bounds the threads. The first
 * limit bounds the connections that stay open between requests, so that idle clients always leave
 * places for others: without a place, the response ends its connection. */
#define KEPT_LIMIT	       16u
#define CONNECTION_MEMORY      ((size_t)16 * 1024)
#define CONNECTION_STACK_BYTES ((size_t)256 * 1024)

/* Silence of this length ends a connection. A kept connection may be silent for longer than the 5
 * minutes for which Prometheus keeps an idle connection, so that the client closes first. */
#define CONNECTION_TIMEOUT_S 10u
#define KEPT_TIMEOUT_S	     330u
#define KEPT_LIMIT_NS	     ((KEPT_TIMEOUT_S + 10) * NS_PER_S)

#define TEXT_PLAIN "text/plain; charset=utf-8"

struct web_server {
	struct MHD_Daemon *daemon;
	uint16_t port;
	const struct web_routes *routes;
	void *context;
	const char *host; /* of the listening address */
	const char *allowed_host;
	bool is_loopback;
	struct clients clients;
	uint64_t last_id;	 /* of a connection; only the listening thread uses it */
	unsigned int kept_count; /* connections with `is_kept`; atomic */
};

/* The library calls on_connection() for the start in the listening thread, handle_request() in the
 * thread of the connection, and on_connection() for the end after it joined that thread. */
struct web_connection {
	struct client client;
	uint64_t id;
	bool is_kept;	/* is counted in `kept_count` */
	bool has_ended; /* connection_ended() was called */
};

struct web_request {
	struct MHD_Connection *handle;
	struct web_connection *connection;
	bool is_head;
	bool is_last; /* the client or its request requires that the connection ends */
};

const char *web_request__header(const struct web_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->handle, MHD_HEADER_KIND, name);
}

const char *web_request__query(const struct web_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->handle, MHD_GET_ARGUMENT_KIND, name);
}

uint64_t web_request__connection(const struct web_request *request)
{
	return request->connection->id;
}

bool web_request__is_head(const struct web_request *request)
{
	return request->is_head;
}

void web_request__address(const struct web_request *request, char *text, size_t size)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	const char *printed = NULL;

	if (info && info->client_addr->sa_family == AF_INET) {
		memcpy(&v4, info->client_addr, sizeof(v4));
		printed = inet_ntop(AF_INET, &v4.sin_addr, text, (socklen_t)size);
	} else if (info && info->client_addr->sa_family == AF_INET6) {
		memcpy(&v6, info->client_addr, sizeof(v6));
		printed = inet_ntop(AF_INET6, &v6.sin6_addr, text, (socklen_t)size);
	}
	if (!printed)
		text[0] = '\0';
}

/* Tells the routes, once, that no further request comes from the connection. */
static void end_connection(const struct web_server *server, struct web_connection *connection)
{
	if (!connection->has_ended && server->routes->connection_ended)
		server->routes->connection_ended(server->context, connection->id);
	connection->has_ended = true;
}

static struct web_connection *begin_connection(struct web_server *server,
					       struct MHD_Connection *handle)
{
	struct web_connection *connection = calloc(1, sizeof(*connection));
	int fd = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	const struct sockaddr *address =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;

	if (!connection)
		return NULL;
	connection->id = ++server->last_id;
	clients__add(&server->clients, &connection->client, fd, address,
		     address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						    : sizeof(struct sockaddr_in));
	return connection;
}

static void on_connection(void *context, struct MHD_Connection *handle, void **state,
			  enum MHD_ConnectionNotificationCode event)
{
	struct web_server *server = context;
	struct web_connection *connection = *state;

	if (event == MHD_CONNECTION_NOTIFY_STARTED) {
		*state = begin_connection(server, handle);
		return;
	}
	if (!connection)
		return;
	clients__remove(&server->clients, &connection->client);
	end_connection(server, connection);
	if (connection->is_kept)
		__atomic_sub_fetch(&server->kept_count, 1, __ATOMIC_RELAXED);
	free(connection);
	*state = NULL;
}

/* The library sent the response, or gave the connection up. */
static void on_completed(void *context, struct MHD_Connection *handle, void **state,
			 enum MHD_RequestTerminationCode reason)
{
	struct web_server *server = context;
	struct web_connection *connection = *state;

	(void)handle;
	(void)reason;
	if (connection)
		clients__set_state(&server->clients, &connection->client, CLIENT_IDLE);
}

/* Returns whether there is a place for the connection among those that stay open. */
static bool keep(struct web_server *server, const struct web_request *request)
{
	if (request->connection->is_kept)
		return true;
	if (__atomic_add_fetch(&server->kept_count, 1, __ATOMIC_RELAXED) > KEPT_LIMIT) {
		__atomic_sub_fetch(&server->kept_count, 1, __ATOMIC_RELAXED);
		return false;
	}
	request->connection->is_kept = true;
	MHD_set_connection_option(request->handle, MHD_CONNECTION_OPTION_TIMEOUT, KEPT_TIMEOUT_S);
	return true;
}

/* Queues a response, whose body the library then owns. `allow` is an Allow header or NULL. */
static enum MHD_Result queue_response(struct web_server *server, const struct web_request *request,
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
	if (!response->keep_open || request->is_last || !keep(server, request)) {
		MHD_add_response_header(queued, MHD_HTTP_HEADER_CONNECTION, "close");
		/* Before the client has the response and may begin its next connection. */
		end_connection(server, request->connection);
	}
	clients__set_state(&server->clients, &request->connection->client, CLIENT_READS_RESPONSE);
	result = MHD_queue_response(request->handle, (unsigned int)response->status, queued);
	MHD_destroy_response(queued);
	return result;
}

/* Answers a request that no row of the table serves. */
static enum MHD_Result refuse(struct web_server *server, const struct web_request *request,
			      const char *path, enum web_status status)
{
	struct web_response response = {.status = status, .content_type = TEXT_PLAIN};
	char allow[64];
	int r;

	const char *text =
		status == WEB_STATUS_NOT_FOUND ? "not found; / lists the pages"
		: status == WEB_STATUS_FORBIDDEN
			? "requests to this host name are not answered; --allow-host NAME "
			  "allows it"
			: "too many connections";

	if (status != WEB_STATUS_METHOD_NOT_ALLOWED) {
		r = web_response__print(&response, "%s\n", text);
		return r < 0 ? MHD_NO : queue_response(server, request, &response, NULL);
	}
	web_routes__allow(server->routes, path, allow, sizeof(allow));
	r = web_response__print(&response, "method not allowed; allowed: %s\n", allow);
	return r < 0 ? MHD_NO : queue_response(server, request, &response, allow);
}

static bool is_host_allowed(const struct web_server *server, const struct web_request *request)
{
	return !server->is_loopback ||
	       web_host_is_allowed(web_request__header(request, MHD_HTTP_HEADER_HOST), server->host,
				   server->allowed_host);
}

static enum MHD_Result answer(struct web_server *server, const struct web_request *request,
			      const char *path, const char *method)
{
	struct web_response response = {.status = WEB_STATUS_OK};
	enum web_status refusal;
	const struct web_route *route = web_routes__find(server->routes, method, path, &refusal);

	if (!is_host_allowed(server, request))
		return refuse(server, request, path, WEB_STATUS_FORBIDDEN);
	if (!route)
		return refuse(server, request, path, refusal);
	if (!route->is_always_served && clients__are_many(&server->clients))
		return refuse(server, request, path, WEB_STATUS_UNAVAILABLE);
	response.content_type = route->content_type;
	if (route->handler(server->context, request, &response) < 0) {
		free(response.body);
		return MHD_NO;
	}
	return queue_response(server, request, &response, NULL);
}

/* Only HTTP/1.1 keeps connections open by default (RFC 9112, section 9.3). */
static bool wants_close(const struct web_request *request, const char *version)
{
	const char *options = web_request__header(request, MHD_HTTP_HEADER_CONNECTION);

	return strcmp(version, MHD_HTTP_VERSION_1_1) != 0 ||
	       (options && strcasestr(options, "close"));
}

static bool has_body(const struct web_request *request)
{
	return web_request__header(request, MHD_HTTP_HEADER_CONTENT_LENGTH) ||
	       web_request__header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

static enum MHD_Result handle_request(void *context, struct MHD_Connection *handle, const char *url,
				      const char *method, const char *version, const char *upload,
				      size_t *upload_size, void **state)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct web_request request = {
		.handle = handle,
		.connection = info ? info->socket_context : NULL,
		.is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0,
	};
	struct web_server *server = context;
	bool is_first_call = !*state;

	(void)upload;
	(void)upload_size;
	/* Without memory for its state. */
	if (!request.connection)
		return MHD_NO;
	/* The library calls first after the head of the request, then after its body. It ends a
	 * connection whose response is queued in the first call, and does not read the body. */
	request.is_last = has_body(&request) || wants_close(&request, version);
	*state = request.connection;
	if (is_first_call && !request.is_last)
		return MHD_YES;
	clients__set_state(&server->clients, &request.connection->client, CLIENT_IN_HANDLER);
	return answer(server, &request, url, method);
}

int web_server__new(const char *host, uint16_t port, const char *allowed_host,
		    const struct web_routes *routes, void *context, struct web_server **ret_server,
		    struct error *error)
{
	_cleanup_(web_server__freep) struct web_server *server = calloc(1, sizeof(*server));
	_cleanup_close_ int fd = -1;

	if (!server)
		return error_out_of_memory(error);
	*server = (struct web_server){
		.routes = routes,
		.context = context,
		.host = host,
		.allowed_host = allowed_host,
	};
	clients__init(&server->clients);
	fd = web_listen(host, port, error);
	if (fd < 0)
		return fd;
	server->port = web_listen__port(fd);
	server->is_loopback = web_listen__is_loopback(fd);
	/* MHD_USE_ITC: the thread of a connection that ends wakes the listening thread. */
	server->daemon = MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			MHD_USE_ITC,
		0, NULL, NULL, handle_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, server, MHD_OPTION_CONNECTION_LIMIT, CLIENT_LIMIT,
		MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_THREAD_STACK_SIZE,
		CONNECTION_STACK_BYTES, MHD_OPTION_END);
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

void web_server__expire(struct web_server *server)
{
	clients__expire(&server->clients, KEPT_LIMIT_NS);
}

void web_server__free(struct web_server *server)
{
	if (!server)
		return;
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	clients__done(&server->clients);
	free(server);
}
