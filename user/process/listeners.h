/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_LISTENERS_H
#define SCOTTYSCOPE_PROCESS_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The listening TCP sockets of all network namespaces seen so far. Each namespace is read once. */
struct listeners;

struct listeners *listeners__new(void);
void listeners__free(struct listeners *listeners);

/* Returns 1 if the process listens on `port` (0: on any port) in its own network namespace, with
 * the lowest such port in `*ret_port`; else 0. `*ret_several` (may be NULL): whether the process listens
 * on other ports as well. A negative errno if the sockets are not readable. */
int listeners__find(struct listeners *listeners, pid_t pid, uint16_t port, uint16_t *ret_port,
		    bool *ret_several);

/* Returns the port of the listening socket in a line of /proc/PID/net/tcp, and its inode; 0 for other lines. */
uint16_t listeners__parse_line(const char *line, uint64_t *ret_inode);

static inline void listeners__freep(struct listeners **listeners)
{
	listeners__free(*listeners);
}

#endif
