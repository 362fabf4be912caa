// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"
#include "web/server.h"

static struct web_server *server;
static struct error error;
static char given[] = "context";
static char answer[4096];

static int echo_header(void *context, const struct web_request *request,
		       struct web_response *response)
{
	const char *value = web_request__header(request, "x-question");

	response->vary = "X-Question";
	return web_response__print(response, "%s: %s", (const char *)context, value ? value : "-");
}

static int report_failure(void *context, const struct web_request *request,
			  struct web_response *response)
{
	(void)context;
	(void)request;
	response->status = WEB_STATUS_UNAVAILABLE;
	response->content_type = "text/x-failure";
	return web_response__print(response, "broken");
}

/* Says who asks, and leaves the connection open. */
static int identify(void *context, const struct web_request *request, struct web_response *response)
{
	const char *name = web_request__query(request, "name");
	char address[INET6_ADDRSTRLEN];

	(void)context;
	web_request__address(request, address, sizeof(address));
	response->keep_open = true;
	return web_response__print(response, "connection %" PRIu64 " of %s named %s%s;",
				   web_request__connection(request), address, name ? name : "-",
				   web_request__is_head(request) ? " HEAD" : "");
}

/* Fails after it made a body, which the server has to free. */
static int fail(void *context, const struct web_request *request, struct web_response *response)
{
	(void)context;
	(void)request;
	cr_assert_eq(web_response__print(response, "lost"), 0);
	return -EIO;
}

static const struct web_route items[] = {
	{"GET", "/echo", "text/x-echo", NULL, echo_header, true},
	{"GET", "/unavailable", "text/plain", NULL, report_failure, false},
	{"GET", "/failing", "text/plain", NULL, fail, false},
	{"GET", "/identity", "text/plain", NULL, identify, false},
	{"POST", "/post", "text/plain", NULL, echo_header, false},
};

/* The connections that have ended, by number. */
static bool ended[256];
static unsigned int ended_count;

static void on_end(void *context, uint64_t connection)
{
	cr_assert_str_eq(context, given);
	cr_assert_lt(connection, ARRAY_SIZE(ended));
	cr_assert_not(__atomic_exchange_n(&ended[connection], true, __ATOMIC_SEQ_CST));
	__atomic_add_fetch(&ended_count, 1, __ATOMIC_SEQ_CST);
}

static const struct web_routes routes = {
	.items = items,
	.count = ARRAY_SIZE(items),
	.connection_ended = on_end,
};

static void start(void)
{
	cr_assert_eq(
		web_server__new("127.0.0.1", 0, "metrics.test", &routes, given, &server, &error), 0,
		"%s", error.message);
	cr_assert_neq(web_server__port(server), 0);
}

static void end(void)
{
	web_server__free(server);
}

TestSuite(web_server, .init = start, .fini = end, .timeout = 60);

static int connect_to_server(void)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(web_server__port(server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Sends `request` and stores the response in `answer`. */
static void talk(const char *request)
{
	int fd = connect_to_server();
	size_t size = 0;
	ssize_t got;

	cr_assert_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	while ((got = read(fd, answer + size, sizeof(answer) - 1 - size)) > 0)
		size += (size_t)got;
	answer[size] = '\0';
	close(fd);
}

static void get(const char *path)
{
	char request[256];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	talk(request);
}

static void assert_status(const char *status)
{
	cr_assert_eq(strncmp(answer, "HTTP/1.1 ", 9), 0, "%s", answer);
	cr_assert_eq(strncmp(answer + 9, status, 3), 0, "%s", answer);
}

static void assert_has(const char *text)
{
	cr_assert_not_null(strstr(answer, text), "%s", answer);
}

Test(web_server, a_page)
{
	get("/echo");
	assert_status("200");
	assert_has("Content-Type: text/x-echo\r\n");
	assert_has("Vary: X-Question\r\n");
	assert_has("Cache-Control: no-store\r\n");
	assert_has("X-Content-Type-Options: nosniff\r\n");
	assert_has("\r\n\r\ncontext: -");
	talk("GET /echo?a=b HTTP/1.1\r\nHost: localhost\r\nX-Question: why\r\n\r\n");
	assert_has("\r\n\r\ncontext: why");
}

Test(web_server, head_has_no_body)
{
	talk("HEAD /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_status("200");
	assert_has("Content-Length: 10\r\n");
	cr_assert_null(strstr(answer, "context"));
}

Test(web_server, a_handler_sets_status_and_type)
{
	get("/unavailable");
	assert_status("503");
	assert_has("Content-Type: text/x-failure\r\n");
	assert_has("\r\n\r\nbroken");
}

Test(web_server, a_handler_that_fails_closes_the_connection)
{
	get("/failing");
	cr_assert_str_eq(answer, "");
	get("/echo");
	assert_status("200");
}

Test(web_server, other_paths_and_methods)
{
	get("/echo/");
	assert_status("404");
	assert_has("not found");
	get("/../etc/passwd");
	assert_status("404");
	talk("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
	assert_status("405");
	assert_has("Allow: GET, HEAD\r\n");
	get("/post");
	assert_status("405");
	assert_has("Allow: POST\r\n");
	talk("BREW /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_status("405");
	talk("POST /post HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
	assert_status("200");
}

/* Asks /identity on an open connection and stores the response, up to its ";", in `answer`. */
static void ask(int fd, const char *method, const char *target)
{
	char request[256];
	size_t size = 0;
	ssize_t got = 1;

	snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n", method,
		 target);
	cr_assert_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	answer[0] = '\0';
	while (got > 0 && !strchr(answer, ';')) {
		got = read(fd, answer + size, sizeof(answer) - 1 - size);
		size += got > 0 ? (size_t)got : 0;
		answer[size] = '\0';
	}
}

static void wait_for_ends(unsigned int count)
{
	for (int i = 0; i < 1000 && __atomic_load_n(&ended_count, __ATOMIC_SEQ_CST) < count; i++)
		usleep(10 * 1000);
	cr_assert_eq(__atomic_load_n(&ended_count, __ATOMIC_SEQ_CST), count);
}

Test(web_server, a_connection_that_stays_open)
{
	int first = connect_to_server();
	int second;

	ask(first, "GET", "/identity");
	assert_status("200");
	assert_has("connection 1 of 127.0.0.1 named -;");
	second = connect_to_server();
	ask(second, "GET", "/identity?x=y&name=a%20b");
	assert_has("connection 2 of 127.0.0.1 named a b;");
	ask(first, "GET", "/identity?name=");
	assert_has("connection 1 of 127.0.0.1 named ;");
	cr_assert_null(strstr(answer, "Connection: close"));
	cr_assert_eq(ended_count, 0u);
	close(first);
	wait_for_ends(1);
	cr_assert(ended[1]);
	/* A response that does not keep the connection. */
	ask(second, "GET", "/echo");
	assert_has("Connection: close\r\n");
	cr_assert(ended[2]);
	cr_assert_eq(read(second, answer, sizeof(answer)), 0);
	close(second);
	wait_for_ends(2);
}

/* The connection has ended for the routes before the client has the response. */
Test(web_server, a_client_that_closes_after_its_response)
{
	talk("GET /identity HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	assert_has("connection 1 of");
	cr_assert(ended[1]);
	talk("GET /identity HTTP/1.0\r\n\r\n");
	assert_has("connection 2 of");
	cr_assert(ended[2]);
	talk("GET /identity HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
	assert_has("connection 3 of");
	cr_assert(ended[3]);
	talk("HEAD /identity HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	assert_has("Content-Length: 39\r\n");
	cr_assert_eq(ended_count, 4u);
}

/* Idle clients leave places for others. */
Test(web_server, few_connections_stay_open)
{
	int clients[17];

	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		clients[i] = connect_to_server();
		ask(clients[i], "GET", "/identity");
		assert_status("200");
		cr_assert_eq(!strstr(answer, "Connection: close"), i < 16);
	}
	get("/echo");
	assert_status("200");
	close(clients[0]);
	/* That of the client without a place, that of the page, and the one that was closed. */
	wait_for_ends(3);
	for (int i = 0; i < 100; i++) {
		int fd = connect_to_server();

		ask(fd, "GET", "/identity");
		close(fd);
		if (!strstr(answer, "Connection: close"))
			break;
		usleep(10 * 1000);
	}
	cr_assert_null(strstr(answer, "Connection: close"));
	for (size_t i = 1; i < ARRAY_SIZE(clients); i++)
		close(clients[i]);
}

Test(web_server, malformed_and_too_large_requests)
{
	static char large[40000];

	talk("\x16\x03\x01\x02garbage\r\n\r\n");
	memset(large, 'a', sizeof(large) - 1);
	memcpy(large, "GET /", 5);
	memcpy(large + sizeof(large) - 5, "\r\n\r\n", 4);
	talk(large);
	cr_assert_null(strstr(answer, "200 OK"));
	get("/echo");
	assert_status("200");
}

static void ask_for_host(const char *host)
{
	char request[256];

	snprintf(request, sizeof(request), "GET /echo HTTP/1.1\r\nHost: %s\r\n\r\n", host);
	talk(request);
}

/* DNS rebinding: a page of another site reads what a server of the browser's host answers. */
Test(web_server, other_host_names_on_a_loopback_address)
{
	ask_for_host("127.0.0.1:9464");
	assert_status("200");
	ask_for_host("metrics.test");
	assert_status("200");
	ask_for_host("attacker.example");
	assert_status("403");
	assert_has("--allow-host");
	talk("GET /echo HTTP/1.0\r\n\r\n");
	assert_has(" 200 ");
}

/* Clients that never finish their head leave places for those that do, and are ended. */
Test(web_server, clients_that_send_slowly)
{
	int slow[48];
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
		slow[i] = connect_to_server();
		cr_assert_eq(write(slow[i], "GET /", 5), 5);
	}
	for (int i = 0; i < 20; i++) {
		get("/echo");
		assert_status("200");
		get("/unavailable");
		assert_status("503");
		assert_has("broken");
	}
	for (int i = 0; i < 8; i++) {
		web_server__expire(server);
		sleep(1);
		for (size_t j = 0; j < ARRAY_SIZE(slow); j++)
			send(slow[j], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	wait_for_ends(ARRAY_SIZE(slow) + 40);
	for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
		cr_assert_leq(recv(slow[i], &byte, 1, 0), 0);
		close(slow[i]);
	}
}

Test(web_server, a_port_that_is_taken)
{
	struct web_server *second = NULL;
	uint16_t port = web_server__port(server);

	cr_assert_eq(web_server__new("127.0.0.1", port, NULL, &routes, NULL, &second, &error),
		     -EADDRINUSE);
	cr_assert_null(second);
	cr_assert_not_null(strstr(error.message, "--listen"));
}

Test(web_server, an_address_of_no_host)
{
	struct web_server *second = NULL;

	cr_assert_eq(web_server__new("999.1.1.1", 0, NULL, &routes, NULL, &second, &error),
		     -EADDRNOTAVAIL);
}

Test(web_server, ipv6)
{
	struct web_server *second = NULL;
	int r = web_server__new("::1", 0, NULL, &routes, given, &second, &error);
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	int fd;

	/* Not every machine has IPv6. */
	if (r < 0)
		cr_skip_test("no IPv6: %s", error.message);
	address.sin6_port = htons(web_server__port(second));
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	ask(fd, "GET", "/identity");
	assert_has("connection 1 of ::1 named -;");
	close(fd);
	web_server__free(second);
	cr_assert_eq(ended_count, 1u);
}
