// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "web/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
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
