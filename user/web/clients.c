// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "web/clients.h"

#include <netinet/in.h>
#include <string.h>

void clients__init(struct clients *clients)
{
	*clients = (struct clients){0};
	pthread_mutex_init(&clients->lock, NULL);
}

void clients__done(struct clients *clients)
{
	pthread_mutex_destroy(&clients->lock);
}

static bool is_same_address(const struct sockaddr_storage *one,
			    const struct sockaddr_storage *other)
{
	const struct sockaddr_in *v4 = (const void *)one, *other_v4 = (const void *)other;
	const struct sockaddr_in6 *v6 = (const void *)one, *other_v6 = (const void *)other;

	if (one->ss_family != other->ss_family)
		return false;
	if (one->ss_family == AF_INET)
		return v4->sin_addr.s_addr == other_v4->sin_addr.s_addr;
	return one->ss_family == AF_INET6 &&
	       memcmp(&v6->sin6_addr, &other_v6->sin6_addr, sizeof(v6->sin6_addr)) == 0;
}

/* Programs of this host, and what a local proxy passes on, have the same address. */
static bool is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return address->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* The thread of the connection sees the end and closes the socket. clients__remove() is called before
 * that, so that the descriptor is never that of another connection here. */
static void end(struct client *client)
{
	shutdown(client->fd, SHUT_RDWR);
	client->is_ended = true;
}

static bool waits_for_client(const struct client *client)
{
	return client->state == CLIENT_SENDS_HEAD || client->state == CLIENT_READS_RESPONSE;
}

/* Returns the connection, other than `except`, that waits for its client for the longest time; of one
 * address, or of all if `address` is NULL. Counts the connections of the address. */
static struct client *find_slowest(const struct clients *clients, const struct client *except,
				   const struct sockaddr_storage *address, unsigned int *ret_count)
{
	struct client *found = NULL;

	*ret_count = 0;
	for (struct client *client = clients->first; client; client = client->next) {
		if (client->is_ended || (address && !is_same_address(&client->address, address)))
			continue;
		(*ret_count)++;
		if (client != except && waits_for_client(client) &&
		    (!found || client->since_ns < found->since_ns))
			found = client;
	}
	return found;
}

void clients__add(struct clients *clients, struct client *client, int fd,
		  const struct sockaddr *address, socklen_t size)
{
	struct client *slowest;
	unsigned int count;

	*client = (struct client){.fd = fd, .since_ns = clock_monotonic_ns()};
	if (size <= sizeof(client->address))
		memcpy(&client->address, address, size);
	pthread_mutex_lock(&clients->lock);
	client->next = clients->first;
	clients->first = client;
	slowest = find_slowest(clients, client, &client->address, &count);
	if (count > CLIENT_ADDRESS_LIMIT && !is_loopback(&client->address))
		end(slowest ? slowest : client);
	slowest = find_slowest(clients, client, NULL, &count);
	if (count > CLIENT_COMMON_LIMIT && slowest)
		end(slowest);
	pthread_mutex_unlock(&clients->lock);
}

void clients__remove(struct clients *clients, struct client *client)
{
	pthread_mutex_lock(&clients->lock);
	for (struct client **link = &clients->first; *link; link = &(*link)->next) {
		if (*link == client) {
			*link = client->next;
			break;
		}
	}
	pthread_mutex_unlock(&clients->lock);
}

void clients__set_state(struct clients *clients, struct client *client, enum client_state state)
{
	pthread_mutex_lock(&clients->lock);
	client->state = state;
	client->since_ns = clock_monotonic_ns();
	pthread_mutex_unlock(&clients->lock);
}

static bool is_late(const struct client *client, uint64_t now_ns, uint64_t idle_ns)
{
	uint64_t age_ns = now_ns - client->since_ns;

	switch (client->state) {
	case CLIENT_SENDS_HEAD:
		return age_ns >= CLIENT_HEAD_NS;
	case CLIENT_READS_RESPONSE:
		return age_ns >= CLIENT_RESPONSE_NS;
	case CLIENT_IDLE:
		return age_ns >= idle_ns;
	case CLIENT_IN_HANDLER:
		break;
	}
	return false;
}

void clients__expire(struct clients *clients, uint64_t idle_ns)
{
	uint64_t now_ns;

	pthread_mutex_lock(&clients->lock);
	now_ns = clock_monotonic_ns();
	for (struct client *client = clients->first; client; client = client->next) {
		if (!client->is_ended && is_late(client, now_ns, idle_ns))
			end(client);
	}
	pthread_mutex_unlock(&clients->lock);
}

bool clients__are_many(struct clients *clients)
{
	unsigned int count;

	pthread_mutex_lock(&clients->lock);
	find_slowest(clients, NULL, NULL, &count);
	pthread_mutex_unlock(&clients->lock);
	return count > CLIENT_COMMON_LIMIT;
}
