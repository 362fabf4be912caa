// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "web/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addrinfo.h"
#include "base/cleanup.h"

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

int web_listen(const char *host, uint16_t port, struct error *error)
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

/* The address that reaches a server on all addresses from this machine; else the host itself. */
static const char *reachable(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1 && v4.s_addr == htonl(INADDR_ANY))
		return "127.0.0.1";
	if (inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&v6))
		return "::1";
	return host;
}

const char *web_listen__url(const char *host, uint16_t port, char *url, size_t size)
{
	const char *name = reachable(host);
	/* RFC 6874: the "%" before a zone is percent-encoded. */
	int length = (int)strcspn(name, "%");
	const char *zone = name[length] ? name + length + 1 : NULL;

	if (!strchr(name, ':'))
		snprintf(url, size, "http://%s:%u/metrics", name, port);
	else
		snprintf(url, size, "http://[%.*s%s%s]:%u/metrics", length, name, zone ? "%25" : "",
			 zone ? zone : "", port);
	return url;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool get_address(int fd, union address *ret_address)
{
	socklen_t size = sizeof(*ret_address);

	return getsockname(fd, &ret_address->any, &size) == 0;
}

uint16_t web_listen__port(int fd)
{
	union address address;

	if (!get_address(fd, &address))
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port
						       : address.v4.sin_port);
}

bool web_listen__is_loopback(int fd)
{
	union address address;

	if (!get_address(fd, &address))
		return false;
	if (address.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&address.v6.sin6_addr);
	return ntohl(address.v4.sin_addr.s_addr) >> 24 == 127;
}
