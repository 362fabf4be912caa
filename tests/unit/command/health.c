// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command/command.h"
#include "config/exit_status.h"

/* A server that answers one connection with fixed bytes. */
struct server {
	int fd;
	uint16_t port;
	const char *answer;
	pthread_t thread;
	char request[256];
};

static void *serve(void *context)
{
	struct server *server = context;
	int fd = accept(server->fd, NULL, NULL);

	if (fd < 0)
		return NULL;
	if (recv(fd, server->request, sizeof(server->request) - 1, 0) > 0)
		send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void server__start(struct server *server, const char *answer)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	*server = (struct server){.fd = socket(AF_INET, SOCK_STREAM, 0), .answer = answer};
	cr_assert_eq(bind(server->fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(listen(server->fd, 1), 0);
	cr_assert_eq(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	cr_assert_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

static int ask(struct server *server, const char *answer, struct error *error)
{
	struct config config = {.listen_host = (char *)"127.0.0.1"};
	int r;

	server__start(server, answer);
	config.listen_port = server->port;
	cr_redirect_stdout();
	r = command_health(&config, error);
	pthread_join(server->thread, NULL);
	close(server->fd);
	return r;
}

Test(command_health, a_healthy_answer_is_printed, .timeout = 60)
{
	struct server server;
	struct error error;

	cr_assert_eq(ask(&server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", &error),
		     EXIT_STATUS_DONE);
	cr_assert_eq(strncmp(server.request, "GET /healthz HTTP/1.0\r\n", 23), 0);
	fflush(stdout);
	cr_assert_stdout_eq_str("ok\n");
}

/* Any local user may listen at the address while scottyscope does not run. */
Test(command_health, the_answer_is_printable, .timeout = 60)
{
	struct server server;
	struct error error;

	cr_assert_eq(ask(&server, "HTTP/1.1 200 OK\r\n\r\nok\n\x1b[31m\xc2\x9b\n\xff", &error),
		     EXIT_STATUS_DONE);
	fflush(stdout);
	cr_assert_stdout_eq_str("ok\n?[31m?\n?");
}

Test(command_health, an_unhealthy_answer_fails, .timeout = 60)
{
	struct server server;
	struct error error;

	cr_assert_eq(ask(&server, "HTTP/1.1 503 Service Unavailable\r\n\r\nno snapshot\n", &error),
		     EXIT_STATUS_FAILED);
	fflush(stdout);
	cr_assert_stdout_eq_str("no snapshot\n");
}

Test(command_health, another_protocol_is_refused, .timeout = 60)
{
	struct server server;
	struct error error;

	cr_assert_eq(ask(&server, "SSH-2.0-OpenSSH_9.2\r\n", &error), -EPROTO);
	cr_assert_not_null(strstr(error.message, "does not speak HTTP"));
}

Test(command_health, nobody_listens, .timeout = 60)
{
	struct config config = {.listen_host = (char *)"127.0.0.1"};
	struct server server;
	struct error error;

	server__start(&server, "");
	shutdown(server.fd, SHUT_RDWR);
	close(server.fd);
	pthread_join(server.thread, NULL);
	config.listen_port = server.port;
	cr_assert_lt(command_health(&config, &error), 0);
	cr_assert_not_null(strstr(error.message, "cannot connect to 127.0.0.1"));
}

Test(command_health, needs_an_address)
{
	struct config config = {0};
	struct error error;

	cr_assert_eq(command_health(&config, &error), -EINVAL);
}
