// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "web/host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The longest name of DNS has 253 characters. */
#define HOST_BYTES 256

static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* Copies "host" of "host:port" or "[host]:port"; false for a text of another form. */
static bool take_host(const char *header, char *host, size_t size)
{
	bool has_brackets = header[0] == '[';
	const char *start = header + has_brackets;
	size_t length = strcspn(start, has_brackets ? "]" : ":");
	const char *rest = start + length;

	if (length == 0 || length >= size || (has_brackets && *rest++ != ']'))
		return false;
	if (*rest == ':')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (*rest != '\0')
		return false;
	memcpy(host, start, length);
	/* "localhost." is the same name. */
	if (host[length - 1] == '.')
		length--;
	host[length] = '\0';
	return true;
}

bool web_host_is_allowed(const char *header, const char *name, const char *other_name)
{
	char host[HOST_BYTES];

	/* Only clients of HTTP/1.0, which no browser is, send none. */
	if (!header)
		return true;
	if (!take_host(header, host, sizeof(host)))
		return false;
	return is_address(host) || strcasecmp(host, "localhost") == 0 ||
	       (name && strcasecmp(host, name) == 0) ||
	       (other_name && strcasecmp(host, other_name) == 0);
}
