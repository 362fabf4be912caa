// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/process.h"

#define PAGES 700 /* more than one batch of the reader */

Test(process_pagemap, only_touched_pages_are_present)
{
	struct process self = {.pid = getpid()};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool present[PAGES];
	size_t swapped = 1;

	cr_assert_neq(memory, MAP_FAILED);
	/* A huge page would make the neighbours of a touched page present. */
	cr_assert_eq(madvise(memory, PAGES * page, MADV_NOHUGEPAGE), 0);
	for (size_t i = 0; i < PAGES; i += 3)
		memory[i * page] = 1;
	cr_assert_eq(process__pages_present(&self, (uint64_t)(uintptr_t)memory, PAGES, present,
					    &swapped),
		     0);
	cr_assert_eq(swapped, 0);
	for (size_t i = 0; i < PAGES; i++)
		cr_assert_eq(present[i], i % 3 == 0, "page %zu", i);
	munmap(memory, PAGES * page);
}

Test(process_pagemap, kinds_grow_with_the_memory_they_are_of)
{
	struct process self = {.pid = getpid()};
	struct process_resident before, after;
	size_t size = (size_t)32 << 20;

	cr_assert_eq(process__resident(&self, &before), 0);

	unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	unsigned char *shared = mmap(NULL, size / 2, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	cr_assert_eq(process__resident(&self, &after), 0);
	cr_assert_geq(after.anonymous_bytes, before.anonymous_bytes + size / 10 * 9);
	cr_assert_geq(after.shared_bytes, before.shared_bytes + size / 20 * 9);
	cr_assert_lt(after.shared_bytes, before.shared_bytes + size);
	cr_assert_gt(after.file_bytes, 0);
	munmap(memory, size);
	munmap(shared, size / 2);
}

Test(process_pagemap, a_process_that_is_gone_has_none)
{
	struct process gone = {.pid = 0x3fffffff};
	struct process_resident resident;
	bool present[1];
	size_t swapped;

	cr_assert_lt(process__resident(&gone, &resident), 0);
	cr_assert_lt(process__pages_present(&gone, 0, 1, present, &swapped), 0);
}
