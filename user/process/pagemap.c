// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/process.h"

/* Bits of a word of /proc/PID/pagemap: the page is in memory, or in swap
 * (Documentation/admin-guide/mm/pagemap.rst). Reading the bits needs no CAP_SYS_ADMIN. */
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)
#define PAGEMAP_BATCH	512

int process__pages_present(const struct process *target, uint64_t address, size_t count,
			   bool *ret_present, size_t *ret_swapped)
{
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t words[PAGEMAP_BATCH];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)target->pid);

	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_swapped = 0;
	for (size_t at = 0; at < count;) {
		size_t batch = count - at < PAGEMAP_BATCH ? count - at : PAGEMAP_BATCH;
		off_t offset = (off_t)((address / page_bytes + at) * sizeof(words[0]));
		ssize_t size = pread(fd, words, batch * sizeof(words[0]), offset);

		if (size <= 0)
			return size < 0 ? -errno : -ESRCH;
		for (size_t i = 0; i < (size_t)size / sizeof(words[0]); i++) {
			ret_present[at + i] = (words[i] & PAGEMAP_PRESENT) != 0;
			*ret_swapped += (words[i] & PAGEMAP_SWAPPED) != 0;
		}
		at += (size_t)size / sizeof(words[0]);
	}
	return 0;
}
