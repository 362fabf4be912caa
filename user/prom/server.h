/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROM_SERVER_H
#define SCOTTYSCOPE_PROM_SERVER_H

/* In the front: /metrics and /healthz over HTTP (libmicrohttpd). */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "prom/format.h"

struct prom_server;

/* Gives the exposition of a fresh collection in `format` as malloc'ed text, or a negative errno when
 * the probe did not answer in time. Called from the server's threads. */
typedef int (*prom_collect)(void *context, enum prom_format format, char **ret_text,
			    size_t *ret_size);

/* Whether the tool works: 0, or a negative errno with a one-line reason in `reason`. */
typedef int (*prom_health)(void *context, char *reason, size_t reason_size);

/* Listens on `host` (an address or name) and `port` (0: any free one). -EADDRINUSE with what to do
 * when it is taken. */
int prom_server__new(const char *host, uint16_t port, prom_collect collect, prom_health health,
		     void *context, struct prom_server **ret_server, struct error *error);

/* The port it listens on. */
uint16_t prom_server__port(const struct prom_server *server);

void prom_server__free(struct prom_server *server);

static inline void prom_server__freep(struct prom_server **server)
{
	prom_server__free(*server);
}

#endif
