// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/proc.h"
#include "target/target.h"

#define STATUS_LIMIT_BYTES 65536

/* Bit 63 of a word of /proc/PID/pagemap: the page is in memory (Documentation/admin-guide/mm/
 * pagemap.rst). The bit can be read without CAP_SYS_ADMIN. */
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_BATCH	512

/* The value of a line "Name:   123 kB" in bytes; 0 where there is none. */
static uint64_t find_kilobytes(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	unsigned long long kilobytes = 0;

	if (!line || sscanf(line + strlen(name), " %llu kB", &kilobytes) != 1)
		return 0;
	return kilobytes * 1024;
}

int target__resident(const struct target *target, struct target_resident *ret_resident)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r = proc__read(target->pid, "status", STATUS_LIMIT_BYTES, &text, &size);

	if (r < 0)
		return r;
	/* The process chose its name, which is in the first line, but the kernel escapes line ends. */
	*ret_resident = (struct target_resident){
		.file_bytes = find_kilobytes(text, "\nRssFile:"),
		.anonymous_bytes = find_kilobytes(text, "\nRssAnon:"),
		.shared_bytes = find_kilobytes(text, "\nRssShmem:"),
	};
	return 0;
}

int target__pages_present(const struct target *target, uint64_t address, size_t count,
			  bool *ret_present)
{
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t words[PAGEMAP_BATCH];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)target->pid);

	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < count;) {
		size_t batch = count - at < PAGEMAP_BATCH ? count - at : PAGEMAP_BATCH;
		off_t offset = (off_t)((address / page_bytes + at) * sizeof(words[0]));
		ssize_t size = pread(fd, words, batch * sizeof(words[0]), offset);

		if (size <= 0)
			return size < 0 ? -errno : -ESRCH;
		for (size_t i = 0; i < (size_t)size / sizeof(words[0]); i++)
			ret_present[at + i] = (words[i] & PAGEMAP_PRESENT) != 0;
		at += (size_t)size / sizeof(words[0]);
	}
	return 0;
}
