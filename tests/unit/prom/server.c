// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "prom/server.h"

static struct prom_server *server;
static struct error error;
static int collect_result;
static int health_result;
static char answer[4096];

static int collect(void *context, enum prom_format format, char **ret_text, size_t *ret_size)
{
	(void)context;
	if (collect_result == 0) {
		*ret_text = strdup(format == PROM_FORMAT_OPENMETRICS ? "up 1\n# EOF\n" : "up 1\n");
		*ret_size = strlen(*ret_text);
	}
	return collect_result;
}

static int health(void *context, char *reason, size_t reason_size)
{
	(void)context;
	if (health_result < 0)
		snprintf(reason, reason_size, "broken");
	return health_result;
}

static void start(void)
{
	cr_assert_eq(prom_server__new("127.0.0.1", 0, collect, health, NULL, &server, &error), 0,
		     "%s", error.message);
	cr_assert_neq(prom_server__port(server), 0);
}

static void end(void)
{
	prom_server__free(server);
}

TestSuite(prom_server, .init = start, .fini = end, .timeout = 60);

/* Sends `request` and keeps what comes back in `answer`. */
static void talk(const char *request)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(prom_server__port(server)),
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

Test(prom_server, metrics)
{
	get("/metrics");
	assert_status("200");
	assert_has("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	assert_has("\r\n\r\nup 1\n");
	get("/metrics?name[]=up");
	assert_status("200");
}

Test(prom_server, open_metrics)
{
	talk("GET /metrics HTTP/1.1\r\nHost: x\r\n"
	     "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n\r\n");
	assert_status("200");
	assert_has("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
	assert_has("Vary: Accept\r\n");
	assert_has("\r\n\r\nup 1\n# EOF\n");
}

Test(prom_server, head_has_no_body)
{
	talk("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status("200");
	assert_has("Content-Length: 5\r\n");
	cr_assert_null(strstr(answer, "up 1"));
}

Test(prom_server, a_probe_that_does_not_answer)
{
	collect_result = -ETIMEDOUT;
	get("/metrics");
	assert_status("503");
	assert_has("the probe did not answer in time\n");
	collect_result = -EPROTO;
	get("/metrics");
	assert_status("503");
	assert_has("the collection failed\n");
}

Test(prom_server, health)
{
	get("/healthz");
	assert_status("200");
	assert_has("\r\n\r\nok\n");
	health_result = -EIO;
	get("/healthz");
	assert_status("503");
	assert_has("\r\n\r\nbroken\n");
}

Test(prom_server, other_paths_and_methods)
{
	get("/");
	assert_status("200");
	assert_has("/metrics");
	get("/metrics/");
	assert_status("404");
	get("/../etc/passwd");
	assert_status("404");
	talk("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
	assert_status("405");
	assert_has("Allow: GET, HEAD\r\n");
	talk("BREW / HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status("405");
}

Test(prom_server, no_http_and_too_much_of_it)
{
	static char large[40000];

	talk("\x16\x03\x01\x02garbage\r\n\r\n");
	memset(large, 'a', sizeof(large) - 1);
	memcpy(large, "GET /", 5);
	memcpy(large + sizeof(large) - 5, "\r\n\r\n", 4);
	talk(large);
	cr_assert_null(strstr(answer, "200 OK"));
	get("/metrics");
	assert_status("200");
}

Test(prom_server, a_port_that_is_taken)
{
	struct prom_server *second = NULL;
	uint16_t port = prom_server__port(server);

	cr_assert_eq(prom_server__new("127.0.0.1", port, collect, health, NULL, &second, &error),
		     -EADDRINUSE);
	cr_assert_null(second);
	cr_assert_not_null(strstr(error.message, "--listen"));
}

Test(prom_server, a_host_that_is_none)
{
	struct prom_server *second = NULL;

	cr_assert_eq(prom_server__new("999.1.1.1", 0, collect, health, NULL, &second, &error),
		     -EADDRNOTAVAIL);
}

Test(prom_server, ipv6)
{
	struct prom_server *second = NULL;
	int r = prom_server__new("::1", 0, collect, health, NULL, &second, &error);

	/* Not every machine has it. */
	if (r == 0)
		cr_assert_neq(prom_server__port(second), 0);
	prom_server__free(second);
}
