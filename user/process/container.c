// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "process/internal.h"
#include "process/proc.h"

#define CONTAINER_ID_LENGTH 64

static bool is_id_digit(char c)
{
	return isdigit((unsigned char)c) || (c >= 'a' && c <= 'f');
}

/* Returns the last run of exactly 64 hexadecimal digits in one line of /proc/PID/cgroup, such as
 *   0::/system.slice/docker-ID.scope               docker with systemd cgroups
 *   4:memory:/docker/ID                            docker with its own cgroups
 *   0::/machine.slice/libpod-ID.scope/container    podman
 *   0::/kubepods.slice/.../cri-containerd-ID.scope containerd for Kubernetes
 *   0::/system.slice/.../kubepods-pod1.slice:cri-containerd:ID
 * Ignores the group of conmon, podman's monitor, which runs outside the container. */
static const char *find_container_id(const char *line, size_t length)
{
	static const char monitor[] = "conmon-";
	size_t monitor_length = sizeof(monitor) - 1;
	const char *found = NULL;

	for (size_t i = 0; i < length;) {
		size_t run = 0;

		while (i + run < length && is_id_digit(line[i + run]))
			run++;
		if (run == CONTAINER_ID_LENGTH &&
		    !(i >= monitor_length &&
		      memcmp(line + i - monitor_length, monitor, monitor_length) == 0))
			found = line + i;
		i += run + 1;
	}
	return found;
}

char *process__parse_container_id(const char *cgroup)
{
	const char *id = NULL;

	for (const char *line = cgroup; *line && !id;) {
		size_t length = strcspn(line, "\n");

		id = find_container_id(line, length);
		line += length + (line[length] == '\n');
	}
	return id ? strndup(id, CONTAINER_ID_LENGTH) : NULL;
}

char *process__container_id(const struct process *target)
{
	_cleanup_free_ char *cgroup = proc__cgroup(target->pid);

	return cgroup ? process__parse_container_id(cgroup) : NULL;
}
