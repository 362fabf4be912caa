// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/regular_file.h"
#include "process/internal.h"
#include "process/proc.h"

/* Limits of control groups and their parent groups (Documentation/admin-guide/cgroup-v2.rst,
 * scheduler/sched-bwc.rst, cgroup-v1/memory.rst): CPUs and memory. */

#define CGROUP_ROOT "/sys/fs/cgroup"

/* Opens a file of a control group at a path. */
typedef int (*file_opener)(const char *path);

/* Returns the first number in a control group's file: infinity for "max", NaN without the file.
 * Sets `ret_second` to the second number, NaN without one. */
static double read_numbers(file_opener open_file, const char *directory, const char *name,
			   double *ret_second)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_file_ FILE *file = NULL;
	char first[32];
	int fd;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		return NAN;
	}
	fd = open_file(path);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (fd >= 0 && !file)
		close(fd);
	if (!file || fscanf(file, "%31s", first) != 1)
		return NAN;
	if (fscanf(file, "%lf", ret_second) != 1)
		*ret_second = NAN;
	return strcmp(first, "max") == 0 ? INFINITY : strtod(first, NULL);
}

static double read_quota(file_opener open_file, const char *directory)
{
	double period_us, none;
	double quota_us = read_numbers(open_file, directory, "cpu.max", &period_us);

	if (isnan(quota_us)) {
		quota_us = read_numbers(open_file, directory, "cpu.cfs_quota_us", &none);
		period_us = read_numbers(open_file, directory, "cpu.cfs_period_us", &none);
	}
	return quota_us > 0 && period_us > 0 ? quota_us / period_us : INFINITY;
}

/* Returns the quota of the group at `directory` in CPUs, infinity without a quota. */
static double quota_of(const char *directory)
{
	return read_quota(regular_file__open, directory);
}

/* As quota_of(), in the target's mount namespace. Whoever made the namespace, which any user can, chose what is at
 * the path: a link there leads to a file of the tool's own root directory, and a mount to any file. */
static double quota_of_target(const char *directory)
{
	return read_quota(regular_file__open_cgroup, directory);
}

/* Returns the memory limit of the group at `directory` in bytes, infinity without a limit. Version 1
 * has a number near the highest 64-bit one instead of "max". */
static double memory_of(const char *directory)
{
	double none;
	double bytes = read_numbers(regular_file__open, directory, "memory.max", &none);

	if (isnan(bytes))
		bytes = read_numbers(regular_file__open, directory, "memory.limit_in_bytes", &none);
	return bytes > 0 && bytes < 0x1p62 ? bytes : INFINITY;
}

/* A controller, and how to read the limit of a group. */
struct controller {
	const char *name;
	const char *mount; /* of version 1, below the root */
	double (*limit_of)(const char *directory);
};

static const struct controller cpu = {"cpu", "/cpu", quota_of};
static const struct controller cpu_of_target = {"cpu", "/cpu", quota_of_target};
static const struct controller memory = {"memory", "/memory", memory_of};

/* Returns the lowest limit of the group at `path` below `mount` and of its parent groups. */
static double least_limit(const struct controller *controller, const char *mount, const char *path,
			  size_t path_length)
{
	_cleanup_free_ char *directory = NULL;
	double least = INFINITY;
	size_t mount_length = strlen(mount);
	char *end;

	if (asprintf(&directory, "%s%.*s", mount, (int)path_length, path) < 0)
		return INFINITY;
	do {
		least = fmin(least, controller->limit_of(directory));
		end = strrchr(directory + mount_length, '/');
		if (end)
			*end = '\0';
	} while (end);
	return least;
}

/* Returns whether a list such as "cpu,cpuacct" contains the controller. */
static bool names(const char *list, size_t length, const char *controller)
{
	for (size_t i = 0; i < length;) {
		size_t size = strcspn(list + i, ",:");

		if (size == strlen(controller) && memcmp(list + i, controller, size) == 0)
			return true;
		i += size + 1;
	}
	return false;
}

/* Returns the lowest limit for a line of /proc/PID/cgroup, "number:controllers:path". Version 2
 * lists no controllers. */
static double limit_by_line(const struct controller *controller, const char *root, const char *line,
			    size_t length)
{
	const char *const mounts[] = {"", "/unified", controller->mount};
	const char *list = memchr(line, ':', length);
	const char *path = list ? memchr(list + 1, ':', length - (size_t)(list + 1 - line)) : NULL;
	double least = INFINITY;
	size_t first = 0, end = 2;

	if (!path)
		return INFINITY;
	if (path != list + 1) {
		first = 2;
		end = names(list + 1, (size_t)(path - list - 1), controller->name) ? 3 : 2;
	}
	for (size_t i = first; i < end; i++) {
		_cleanup_free_ char *mount = NULL;

		if (asprintf(&mount, "%s%s", root, mounts[i]) < 0)
			continue;
		least = fmin(least, least_limit(controller, mount, path + 1,
						length - (size_t)(path + 1 - line)));
	}
	return least;
}

static double parse(const struct controller *controller, const char *root, const char *cgroup)
{
	double least = INFINITY;

	for (const char *line = cgroup; *line;) {
		size_t length = strcspn(line, "\n");

		least = fmin(least, limit_by_line(controller, root, line, length));
		line += length + (line[length] == '\n');
	}
	return least;
}

double process__parse_quota(const char *root, const char *cgroup)
{
	return parse(&cpu, root, cgroup);
}

double process__parse_memory_limit(const char *root, const char *cgroup)
{
	return parse(&memory, root, cgroup);
}

double process__own_memory_limit(void)
{
	_cleanup_free_ char *cgroup = proc__cgroup(getpid());

	return cgroup ? process__parse_memory_limit(CGROUP_ROOT, cgroup) : INFINITY;
}

/* Returns the quota in the target's own cgroup mount. In a container, this tool lacks the cgroup
 * mount of other containers; most containers mount their own group as the root. */
static double quota_inside(const struct process *target)
{
	_cleanup_free_ char *root = NULL;

	if (!target->root_path || asprintf(&root, "%s" CGROUP_ROOT, target->root_path) < 0) {
		root = NULL;
		return INFINITY;
	}
	return parse(&cpu_of_target, root, "1:cpu:/\n0::/\n");
}

double process__cpus(const struct process *target)
{
	_cleanup_free_ char *cgroup = proc__cgroup(target->pid);
	cpu_set_t set;
	long count = sched_getaffinity(target->pid, sizeof(set), &set) == 0
			     ? CPU_COUNT(&set)
			     : sysconf(_SC_NPROCESSORS_ONLN);
	double cpus = count > 0 ? (double)count : 1;

	return fmin(fmin(cpus, quota_inside(target)),
		    cgroup ? process__parse_quota(CGROUP_ROOT, cgroup) : INFINITY);
}
