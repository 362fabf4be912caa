/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEB_CLIENTS_H
#define SCOTTYSCOPE_WEB_CLIENTS_H

/* The open connections of the HTTP server, and the limits that no client may exceed, however slowly it
 * sends and reads. libmicrohttpd limits only the silence between two bytes. All functions may be called
 * from any thread. */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/clock.h"

/* The library accepts no more connections than this. Those above the second limit are being ended, or
 * get the pages that are always served only. */
#define CLIENT_LIMIT	     64u
#define CLIENT_COMMON_LIMIT  32u
#define CLIENT_ADDRESS_LIMIT 24u /* of one address that is not a loopback address */

/* Time limits of a whole head, since the connection was accepted; and of a whole response. */
#define CLIENT_HEAD_NS	   (5 * NS_PER_S)
#define CLIENT_RESPONSE_NS (30 * NS_PER_S)

enum client_state {
	CLIENT_SENDS_HEAD,
	CLIENT_IN_HANDLER, /* which has its own time limits */
	CLIENT_READS_RESPONSE,
	CLIENT_IDLE, /* between two requests of a connection that stays open */
};

struct client {
	struct client *next;
	int fd;
	struct sockaddr_storage address;
	enum client_state state;
	uint64_t since_ns; /* of the state; monotonic */
	bool is_ended;	   /* its socket was shut down */
};

struct clients {
	pthread_mutex_t lock;
	struct client *first; /* the youngest */
};

void clients__init(struct clients *clients);
void clients__done(struct clients *clients);

/* Adds a connection. Where there are too many, of all addresses or of this one, ends the connection that
 * waits for the longest time for its client: a client that sends its head at once is never ended for a
 * slow client. Ends the new connection if no other one of its address can be ended. */
void clients__add(struct clients *clients, struct client *client, int fd,
		  const struct sockaddr *address, socklen_t size);
void clients__remove(struct clients *clients, struct client *client);
void clients__set_state(struct clients *clients, struct client *client, enum client_state state);

/* Ends the connections whose time is over. `idle_ns` is the time limit of CLIENT_IDLE. Call this about
 * once a second. */
void clients__expire(struct clients *clients, uint64_t idle_ns);

/* Returns whether only the pages that are always served may be served now. */
bool clients__are_many(struct clients *clients);

#endif
