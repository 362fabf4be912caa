/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEB_HOST_H
#define SCOTTYSCOPE_WEB_HOST_H

#include <stdbool.h>

/* Returns whether a server on a loopback address answers a request with this Host header (NULL: none).
 * A web page of another site can make a browser send requests to a name that the site's DNS maps to
 * 127.0.0.1 (DNS rebinding), and read the response. The browser then sends the name. So the host has to
 * be an address, "localhost", or one of the two names (NULL: none), with any port. */
bool web_host_is_allowed(const char *header, const char *name, const char *other_name);

#endif
