/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEB_LISTEN_H
#define SCOTTYSCOPE_WEB_LISTEN_H

/* The listening socket of the HTTP server. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Returns a nonblocking socket, which the caller closes, that listens on the first address of `host`
 * (an address or a name) that works; `port` 0 is any free port. -EADDRNOTAVAIL if `host` has no
 * address; -EADDRINUSE with advice if the port is taken; other errors of bind(). */
int web_listen(const char *host, uint16_t port, struct error *error);

/* Returns whether only programs of this host can connect to `fd`. */
bool web_listen__is_loopback(int fd);
#define WEB_URL_SIZE 320

/* Writes the URL of /metrics on `port` of `host`, as a client on this machine can use it: IPv6
 * addresses are in brackets; "all addresses" becomes the loopback address. Returns `url`. */
const char *web_listen__url(const char *host, uint16_t port, char *url, size_t size);

/* Returns the port that `fd` listens on, or 0. */
uint16_t web_listen__port(int fd);

#endif
