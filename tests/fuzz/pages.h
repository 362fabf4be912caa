/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_FUZZ_PAGES_H
#define SCOTTYSCOPE_TESTS_FUZZ_PAGES_H

/* User memory of a program under test, in which each page in turn cannot be read. Pages are smaller than
 * the kernel's: an input of some hundred bytes then has many borders of pages. */

#include <stdbool.h>
#include <stdint.h>

#include "bpf/native.h"

#define PAGES_MOST 128

struct pages {
	char *memory; /* has the size of the bytes, so that the sanitizer reports reads past the end */
	uint64_t address;
	size_t size;
	size_t page_bytes;
	size_t next; /* offset of the page that cannot be read next */
};

/* Makes readable memory of the bytes. Reads outside it fail. Only one at a time may exist. */
static inline struct pages pages_make(const void *bytes, size_t size, size_t page_bytes)
{
	struct pages pages = {.memory = native_memory(bytes, size), .size = size};
	size_t least = size / PAGES_MOST + 1;

	pages.page_bytes = page_bytes > least ? page_bytes : least;
	pages.address = native_address(pages.memory);
	native_begin = pages.address;
	native_end = pages.address + size;
	return pages;
}

/* Makes the next page, and only that page, unreadable. Returns false after the last one. */
static inline bool pages_fault_next(struct pages *pages)
{
	if (pages->next >= pages->size)
		return false;
	native_fault_from = pages->address + pages->next;
	pages->next += pages->page_bytes;
	native_fault_until = pages->address + pages->next;
	return true;
}

static inline void pages_free(struct pages *pages)
{
	native_begin = native_end = native_fault_until = 0;
	native_free(pages->memory);
}

#endif
