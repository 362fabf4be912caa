// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define HIGHEST_CGROUP_BYTES ((size_t)64 * 1024)

#define PF_KTHREAD 0x00200000 /* linux/sched.h; shown in field 9 of stat */

static void write_path(char *path, size_t size, pid_t pid, const char *name)
{
	snprintf(path, size, "/proc/%d/%s", (int)pid, name);
}

int proc__open(pid_t pid, const char *name)
{
	char path[64];

	write_path(path, sizeof(path), pid, name);

	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

FILE *proc__stream(pid_t pid, const char *name)
{
	char path[64];

	write_path(path, sizeof(path), pid, name);
	return fopen(path, "re");
}

int proc__read(pid_t pid, const char *name, size_t limit, char **ret_text, size_t *ret_size)
{
	_cleanup_close_ int fd = proc__open(pid, name);
	_cleanup_free_ char *text = NULL;
	size_t size = 0, room = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		if (size == room) {
			char *larger = realloc(text, (room ? room * 2 : 4096) + 1);

			if (!larger)
				return -ENOMEM;
			text = larger;
			room = room ? room * 2 : 4096;
		}

		size_t wanted = room < limit ? room - size : limit - size;
		ssize_t count = wanted > 0 ? read(fd, text + size, wanted) : 0;

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (count == 0)
			break;
		size += (size_t)count;
	}
	text[size] = '\0';
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

char *proc__cgroup(pid_t pid)
{
	char *text = NULL;
	size_t size;

	proc__read(pid, "cgroup", HIGHEST_CGROUP_BYTES, &text, &size);
	return text;
}

int proc__link(pid_t pid, const char *name, char **ret_link)
{
	_cleanup_free_ char *link = malloc(PATH_MAX + 1);
	char path[64];
	ssize_t length;

	if (!link)
		return -ENOMEM;
	write_path(path, sizeof(path), pid, name);
	length = readlink(path, link, PATH_MAX);
	if (length < 0)
		return -errno;
	link[length] = '\0';
	*ret_link = TAKE_PTR(link);
	return 0;
}

pid_t proc__number(const char *name)
{
	char *end;
	long number;

	if (*name < '1' || *name > '9')
		return 0;
	number = strtol(name, &end, 10);
	return *end == '\0' && number <= INT_MAX ? (pid_t)number : 0;
}

int proc__parse_stat(const char *text, struct proc_stat *ret_stat)
{
	struct proc_stat stat = {};
	unsigned long long start_ticks;
	unsigned int flags;
	int parent;

	/* The name between the parentheses can hold any bytes, parentheses included. */
	const char *open = strchr(text, '(');
	const char *close = strrchr(text, ')');

	if (!open || !close || close < open)
		return -EIO;
	if (sscanf(close + 1,
		   " %c %d %*d %*d %*d %*d %u" /* flags, field 9 */
		   " %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %llu",
		   &stat.state, &parent, &flags, &start_ticks) != 4)
		return -EIO;
	snprintf(stat.command, sizeof(stat.command), "%.*s", (int)(close - open - 1), open + 1);
	stat.parent = parent;
	stat.start_ticks = start_ticks;
	stat.is_kernel_thread = flags & PF_KTHREAD;
	*ret_stat = stat;
	return 0;
}

int proc__stat(pid_t pid, struct proc_stat *ret_stat)
{
	_cleanup_close_ int fd = proc__open(pid, "stat");
	char text[2048]; /* capacity for 52 numbers and a short name */
	ssize_t size;

	if (fd < 0)
		return fd;
	size = read(fd, text, sizeof(text) - 1);
	if (size < 0)
		return -errno;
	text[size] = '\0';
	return proc__parse_stat(text, ret_stat);
}

/* Returns whether the link's text is the path of the executable. A " (deleted)" at the end then is
 * part of the file's name. */
static bool is_literal(pid_t pid, const char *link)
{
	_cleanup_free_ char *path = NULL;
	struct stat named, running;
	char exe[64];

	write_path(exe, sizeof(exe), pid, "exe");
	if (asprintf(&path, "/proc/%d/root%s", (int)pid, link) < 0) {
		path = NULL;
		return false;
	}
	return stat(path, &named) == 0 && stat(exe, &running) == 0 &&
	       named.st_dev == running.st_dev && named.st_ino == running.st_ino;
}

int proc__executable(pid_t pid, char **ret_path, bool *ret_deleted)
{
	static const char suffix[] = " (deleted)";
	size_t suffix_length = sizeof(suffix) - 1;
	char *path;
	int r = proc__link(pid, "exe", &path);

	if (r < 0)
		return r;

	size_t length = strlen(path);

	*ret_deleted = length > suffix_length &&
		       strcmp(path + length - suffix_length, suffix) == 0 && !is_literal(pid, path);
	if (*ret_deleted)
		path[length - suffix_length] = '\0';
	*ret_path = path;
	return 0;
}

const char *proc__base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
