// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/addrinfo.h"
#include "base/cleanup.h"
#include "base/printable.h"
#include "command/command.h"
#include "config/exit_status.h"

/* Longer than a scrape waits for the probe. */
#define TIMEOUT_S    5
#define ANSWER_BYTES 2048

static int connect_to(const struct addrinfo *address)
{
	static const struct timeval timeout = {.tv_sec = TIMEOUT_S};
	_cleanup_close_ int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC,
					address->ai_protocol);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(fd, address->ai_addr, address->ai_addrlen) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* A connection to a scottyscope that serves at that address. */
static int connect_by_name(const char *host, uint16_t port, struct error *error)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	_cleanup_(addrinfo_freep) struct addrinfo *addresses = NULL;
	char service[8];
	int fd = -ENOENT;
	int r;

	snprintf(service, sizeof(service), "%u", port);
	r = getaddrinfo(host, service, &hints, &addresses);
	if (r != 0)
		return error_set(error, -EHOSTUNREACH, "cannot look up %s: %s", host,
				 gai_strerror(r));
	for (const struct addrinfo *address = addresses; address; address = address->ai_next) {
		fd = connect_to(address);
		if (fd >= 0)
			return fd;
	}
	return error_set(error, fd,
			 "cannot connect to %s port %u: %m; is scottyscope running, and with this "
			 "--listen?",
			 host, port);
}

/* Reads until the other end closes the connection; what does not fit is left out. */
static int read_answer(int fd, char *answer, size_t size)
{
	size_t length = 0;
	ssize_t got;

	while (length < size - 1 && (got = recv(fd, answer + length, size - 1 - length, 0)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		length += (size_t)got;
	}
	answer[length] = '\0';
	return 0;
}

/* Any program may listen at the address: each line of its answer is made safe for a terminal. */
static void print_lines(char *text)
{
	for (char *line; (line = strsep(&text, "\n"));) {
		printable_write(line, 0, stdout);
		if (text)
			fputc('\n', stdout);
	}
}

int command_health(const struct config *config, struct error *error)
{
	static const char request[] = "GET /healthz HTTP/1.0\r\n\r\n";
	_cleanup_close_ int fd = -1;
	char answer[ANSWER_BYTES];
	char *body;
	int status = 0;
	int r;

	if (!config->listen_host)
		return error_set(error, -EINVAL, "health needs an address; --listen is none");
	fd = connect_by_name(config->listen_host, config->listen_port, error);
	if (fd < 0)
		return fd;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return error_set(error, -errno, "cannot ask scottyscope: %m");
	r = read_answer(fd, answer, sizeof(answer));
	if (r < 0)
		return error_set(error, r, "scottyscope does not answer: %m");
	body = strstr(answer, "\r\n\r\n");
	if (sscanf(answer, "HTTP/1.%*d %d", &status) != 1 || !body)
		return error_set(error, -EPROTO, "%s port %u does not speak HTTP",
				 config->listen_host, config->listen_port);
	print_lines(body + strlen("\r\n\r\n"));
	return status == 200 ? EXIT_STATUS_DONE : EXIT_STATUS_FAILED;
}
