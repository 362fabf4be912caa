// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process/restriction.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/internal.h"
#include "process/proc.h"

#define FILE_LIMIT_BYTES ((size_t)64 * 1024)

#define MEBIBYTE (1024.0 * 1024.0)

enum lockdown restriction__parse_lockdown(const char *text)
{
	if (strstr(text, "[confidentiality]"))
		return LOCKDOWN_CONFIDENTIALITY;
	return strstr(text, "[integrity]") ? LOCKDOWN_INTEGRITY : LOCKDOWN_NONE;
}

enum lockdown restriction__lockdown(const char *path)
{
	_cleanup_file_ FILE *file = fopen(path, "re");
	char line[128];

	return file && fgets(line, sizeof(line), file) ? restriction__parse_lockdown(line)
						       : LOCKDOWN_NONE;
}

static size_t add(char text[RESTRICTION_SIZE], size_t length, const char *name, double bytes)
{
	int more;

	if (!isfinite(bytes) || length >= RESTRICTION_SIZE)
		return length;
	more = snprintf(text + length, RESTRICTION_SIZE - length, "%s%s is %.0f MiB",
			length ? ", " : "", name, bytes / MEBIBYTE);
	return length + (size_t)(more > 0 ? more : 0);
}

static double resource_limit(int resource)
{
	struct rlimit limit;

	return getrlimit((__rlimit_resource_t)resource, &limit) == 0 &&
			       limit.rlim_cur != RLIM_INFINITY
		       ? (double)limit.rlim_cur
		       : INFINITY;
}

const char *restriction__memory(char text[RESTRICTION_SIZE])
{
	size_t length = 0;

	length = add(text, length, "the memory limit of the control group",
		     process__own_memory_limit());
	length = add(text, length, "the limit of the address space (RLIMIT_AS, ulimit -v)",
		     resource_limit(RLIMIT_AS));
	length = add(text, length, "the limit of data (RLIMIT_DATA, ulimit -d)",
		     resource_limit(RLIMIT_DATA));
	if (length == 0)
		snprintf(text, RESTRICTION_SIZE, "no limit applies, the machine has too little");
	return text;
}

/* Returns the number of a line such as "Seccomp:\t2"; 0 without the line. */
static int status_number(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? atoi(line + strlen(name)) : 0;
}

/* SECCOMP_MODE_FILTER (include/uapi/linux/seccomp.h). */
#define SECCOMP_FILTER 2

const char *restriction__denier(const char *status, const char *uid_map,
				char text[RESTRICTION_SIZE])
{
	unsigned long inside = 0, outside = 0, count = 0;

	if (sscanf(uid_map, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	    (inside != outside || count < UINT32_MAX))
		snprintf(text, RESTRICTION_SIZE,
			 "capabilities in a user namespace do not suffice: run in the initial user "
			 "namespace");
	else if (status_number(status, "\nSeccomp:") == SECCOMP_FILTER)
		snprintf(text, RESTRICTION_SIZE,
			 "capabilities suffice, so a seccomp filter denies the system call: use a "
			 "profile that allows bpf and perf_event_open, or none "
			 "(--security-opt seccomp=unconfined)");
	else
		snprintf(text, RESTRICTION_SIZE,
			 "capabilities suffice, so a security module or the kernel's lockdown "
			 "denies access (/sys/kernel/security/lsm lists the modules)");
	return text;
}

const char *restriction__own_denier(char text[RESTRICTION_SIZE])
{
	_cleanup_free_ char *status = NULL, *uid_map = NULL;
	size_t size;

	if (proc__read(getpid(), "status", FILE_LIMIT_BYTES, &status, &size) < 0 ||
	    proc__read(getpid(), "uid_map", FILE_LIMIT_BYTES, &uid_map, &size) < 0)
		return restriction__denier("", "", text);
	return restriction__denier(status, uid_map, text);
}
