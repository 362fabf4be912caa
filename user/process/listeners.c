// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process/listeners.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "process/proc.h"
#include "process/process.h"

#define TCP_STATE_LISTEN 0x0a /* TCP_LISTEN of net/tcp_states.h, as /proc/net/tcp shows the state */

DEFINE_CLEANUP(DIR *, closedir);

struct listener {
	uint64_t socket_inode;
	uint16_t port;
};

/* The listening sockets of one network namespace. The inode of the file in /proc/PID/ns identifies
 * the namespace. */
struct namespace
{
	struct namespace *next;
	dev_t device;
	ino_t inode;
	struct listener *listeners;
	size_t count;
};

struct listeners {
	struct namespace *namespaces;
};

struct listeners *listeners__new(void)
{
	return calloc(1, sizeof(struct listeners));
}

static void namespace__free(struct namespace *namespace)
{
	free(namespace->listeners);
	free(namespace);
}

DEFINE_CLEANUP(struct namespace *, namespace__free);

void listeners__free(struct listeners *listeners)
{
	if (!listeners)
		return;
	for (struct namespace *namespace = listeners->namespaces; namespace;) {
		struct namespace *next = namespace->next;

		namespace__free(namespace);
		namespace = next;
	}
	free(listeners);
}

static int namespace__add(struct namespace *namespace, uint64_t socket_inode, uint16_t port)
{
	struct listener *larger = reallocarray(namespace->listeners, namespace->count + 1,
					       sizeof(namespace->listeners[0]));

	if (!larger)
		return -ENOMEM;
	larger[namespace->count++] = (struct listener){socket_inode, port};
	namespace->listeners = larger;
	return 0;
}

uint16_t listeners__parse_line(const char *line, uint64_t *ret_inode)
{
	unsigned long long inode;
	unsigned int port, state;

	/* Columns: sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode. The heading
	 * does not match. */
	if (sscanf(line, " %*d: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*d %*d %llu", &port, &state,
		   &inode) != 3 ||
	    state != TCP_STATE_LISTEN || port > UINT16_MAX)
		return 0;
	*ret_inode = inode;
	return (uint16_t)port;
}

/* Adds the listening sockets of /proc/PID/net/tcp or tcp6. */
static int namespace__read(struct namespace *namespace, pid_t pid, const char *table)
{
	_cleanup_file_ FILE *stream = proc__stream(pid, table);
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	/* A kernel without IPv6 has no tcp6. */
	if (!stream)
		return errno == ENOENT ? 0 : -errno;
	while (getline(&line, &size, stream) > 0) {
		uint64_t inode;
		uint16_t port = listeners__parse_line(line, &inode);
		int r = port ? namespace__add(namespace, inode, port) : 0;

		if (r < 0)
			return r;
	}
	return ferror(stream) ? -EIO : 0;
}

/* Returns the port of a listening socket, 0 for other sockets. */
static uint16_t namespace__port(const struct namespace *namespace, uint64_t socket_inode)
{
	for (size_t i = 0; i < namespace->count; i++) {
		if (namespace->listeners[i].socket_inode == socket_inode)
			return namespace->listeners[i].port;
	}
	return 0;
}

/* Returns whether any socket of the namespace listens on `port` (0: on any port); without one, the
 * process's descriptors need no search. */
static bool namespace__has(const struct namespace *namespace, uint16_t port)
{
	for (size_t i = 0; i < namespace->count; i++) {
		if (port == 0 || namespace->listeners[i].port == port)
			return true;
	}
	return false;
}

static const struct namespace *listeners__known(const struct listeners *listeners,
						const struct stat *identity)
{
	for (const struct namespace *known = listeners->namespaces; known; known = known->next) {
		if (known->device == identity->st_dev && known->inode == identity->st_ino)
			return known;
	}
	return NULL;
}

/* Returns NULL and sets errno on failure. */
static struct namespace *namespace__new(pid_t pid)
{
	_cleanup_(namespace__freep) struct namespace *namespace = calloc(1, sizeof(*namespace));
	int r;

	if (!namespace)
		return NULL;
	r = namespace__read(namespace, pid, "net/tcp");
	if (r == 0)
		r = namespace__read(namespace, pid, "net/tcp6");
	if (r == 0)
		return TAKE_PTR(namespace);
	errno = -r;
	return NULL;
}

/* Returns the network namespace of the process and reads the namespace on first use. NULL with
 * errno on failure. */
static const struct namespace *listeners__namespace(struct listeners *listeners, pid_t pid)
{
	const struct namespace *known;
	struct namespace *namespace;
	char path[64];
	struct stat identity;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	if (stat(path, &identity) < 0)
		return NULL;
	known = listeners__known(listeners, &identity);
	if (known)
		return known;
	namespace = namespace__new(pid);
	if (!namespace)
		return NULL;
	namespace->device = identity.st_dev;
	namespace->inode = identity.st_ino;
	namespace->next = listeners->namespaces;
	listeners->namespaces = namespace;
	return namespace;
}

/* Returns 0 if no socket in the namespace of the process listens on `port`, else `code`. The
 * sockets of a namespace are readable even where the descriptors of the process are not. */
static int listeners__exclude(pid_t pid, uint16_t port, int code)
{
	_cleanup_(namespace__freep) struct namespace *namespace = namespace__new(pid);

	return !namespace || namespace__has(namespace, port) ? code : 0;
}

int listeners__find(struct listeners *listeners, pid_t pid, uint16_t port, uint16_t *ret_port,
		    bool *ret_several)
{
	const struct namespace *namespace = listeners__namespace(listeners, pid);
	bool is_several = false;
	uint16_t lowest = 0;
	char path[64];

	if (!namespace) {
		int code = -errno;

		return code == -EACCES || code == -EPERM ? listeners__exclude(pid, port, code)
							 : code;
	}
	if (!namespace__has(namespace, port))
		return 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);

	_cleanup_(closedirp) DIR *directory = opendir(path);

	if (!directory)
		return -errno;
	for (struct dirent *entry; (entry = readdir(directory));) {
		_cleanup_free_ char *link = NULL;
		unsigned long long inode;
		char name[sizeof("fd/") + sizeof(entry->d_name)];

		snprintf(name, sizeof(name), "fd/%s", entry->d_name);
		if (proc__link(pid, name, &link) < 0 || sscanf(link, "socket:[%llu]", &inode) != 1)
			continue;

		uint16_t found = namespace__port(namespace, inode);

		is_several |= found && lowest && found != lowest;
		if (found && (port ? found == port : lowest == 0 || found < lowest))
			lowest = found;
	}
	*ret_port = lowest;
	if (ret_several)
		*ret_several = is_several;
	return lowest > 0;
}

uint16_t process__port(const struct process *target)
{
	_cleanup_(listeners__freep) struct listeners *listeners = listeners__new();
	bool is_several = false;
	uint16_t port = 0;

	if (!listeners || listeners__find(listeners, target->pid, 0, &port, &is_several) <= 0)
		return 0;
	return is_several ? 0 : port;
}
