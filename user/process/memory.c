// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/internal.h"
#include "process/proc.h"

#define STATM_LIMIT_BYTES  4096
#define STATUS_LIMIT_BYTES 65536

int process__memory(const struct process *target, struct process_memory *ret_memory)
{
	_cleanup_free_ char *text = NULL;
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned long long size_pages, resident_pages;
	size_t size;
	int r = proc__read(target->pid, "statm", STATM_LIMIT_BYTES, &text, &size);

	if (r < 0)
		return r;
	if (sscanf(text, "%llu %llu", &size_pages, &resident_pages) != 2)
		return -EIO;
	if (size_pages == 0)
		return -ESRCH; /* the process has ended */
	ret_memory->virtual_bytes = size_pages * page_bytes;
	ret_memory->rss_bytes = resident_pages * page_bytes;
	return 0;
}

uint64_t process__parse_kilobytes(const char *status, const char *name)
{
	const char *line = strstr(status, name);
	unsigned long long kilobytes = 0;

	if (!line || sscanf(line + strlen(name), " %llu kB", &kilobytes) != 1)
		return 0;
	return kilobytes * 1024;
}

int process__resident(const struct process *target, struct process_resident *ret_resident)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r = proc__read(target->pid, "status", STATUS_LIMIT_BYTES, &text, &size);

	if (r < 0)
		return r;
	/* The first line holds a name that the process chose. The kernel escapes line breaks in the
	 * name. */
	*ret_resident = (struct process_resident){
		.file_bytes = process__parse_kilobytes(text, "\nRssFile:"),
		.anonymous_bytes = process__parse_kilobytes(text, "\nRssAnon:"),
		.shared_bytes = process__parse_kilobytes(text, "\nRssShmem:"),
	};
	return 0;
}

ssize_t process__read_memory(const struct process *target, uint64_t address, void *buffer,
			     size_t size)
{
	struct iovec local = {.iov_base = buffer, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
	ssize_t count = process_vm_readv(target->pid, &local, 1, &remote, 1, 0);

	return count < 0 ? -errno : count;
}
