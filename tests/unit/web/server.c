// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
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

/* Fails after it made a body, which the server has to free. */
static int fail(void *context, const struct web_request *request, struct web_response *response)
{
	(void)context;
	(void)request;
	cr_assert_eq(web_response__print(response, "lost"), 0);
	return -EIO;
}

static const struct web_route items[] = {
	{"GET", "/echo", "text/x-echo", NULL, echo_header},
	{"GET", "/unavailable", "text/plain", NULL, report_failure},
	{"GET", "/failing", "text/plain", NULL, fail},
	{"POST", "/post", "text/plain", NULL, echo_header},
};
static const struct web_routes routes = {items, ARRAY_SIZE(items)};

static void start(void)
{
	cr_assert_eq(web_server__new("127.0.0.1", 0, &routes, given, &server, &error), 0, "%s",
		     error.message);
	cr_assert_neq(web_server__port(server), 0);
}

static void end(void)
{
	web_server__free(server);
}

TestSuite(web_server, .init = start, .fini = end, .timeout = 60);

/* Sends `request` and stores the response in `answer`. */
static void talk(const char *request)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(web_server__port(server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t size = 0;
	ssize_t got;

	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	while ((got = read(fd, answer + size, sizeof(answer) - 1 - size)) > 0)
		size += (size_t)got;
	answer[size] = '\0';
	close(fd);
}

static void get(const char *path)
{
	char request[256];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
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
	talk("GET /echo?a=b HTTP/1.1\r\nHost: x\r\nX-Question: why\r\n\r\n");
	assert_has("\r\n\r\ncontext: why");
}

Test(web_server, head_has_no_body)
{
	talk("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n");
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
	talk("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
	assert_status("405");
	assert_has("Allow: GET, HEAD\r\n");
	get("/post");
	assert_status("405");
	assert_has("Allow: POST\r\n");
	talk("BREW /echo HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status("405");
	talk("POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	assert_status("200");
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

Test(web_server, a_port_that_is_taken)
{
	struct web_server *second = NULL;
	uint16_t port = web_server__port(server);

	cr_assert_eq(web_server__new("127.0.0.1", port, &routes, NULL, &second, &error),
		     -EADDRINUSE);
	cr_assert_null(second);
	cr_assert_not_null(strstr(error.message, "--listen"));
}

Test(web_server, an_address_of_no_host)
{
	struct web_server *second = NULL;

	cr_assert_eq(web_server__new("999.1.1.1", 0, &routes, NULL, &second, &error),
		     -EADDRNOTAVAIL);
}

Test(web_server, ipv6)
{
	struct web_server *second = NULL;
	int r = web_server__new("::1", 0, &routes, NULL, &second, &error);

	/* Not every machine has IPv6. */
	if (r == 0)
		cr_assert_neq(web_server__port(second), 0);
	web_server__free(second);
}
