// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/memory_walk.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define CHUNK_BYTES   ((size_t)1024 * 1024)
#define OVERLAP_BYTES 64

/* A larger mapping is reserved address space, such as a sanitizer's shadow of terabytes, and no heap. */
#define MAPPING_LIMIT_BYTES (UINT64_C(64) << 30)

struct walk {
	const struct process *target;
	memory_look look;
	void *context;
	struct memory_skipped *skipped;
	struct budget *budget;
	unsigned char *bytes;
	size_t used;   /* bytes that ever held the target's memory */
	bool *present; /* for each page of a chunk: it is resident */
	size_t page_bytes;
};

/* Reads consecutive resident pages within a chunk, and `overlap` bytes behind them. */
static int walk_pages(struct walk *walk, uint64_t start, size_t size, size_t overlap)
{
	ssize_t got = process__read_memory(walk->target, start, walk->bytes, size + overlap);
	struct memory_part part = {.start = start, .bytes = walk->bytes};

	/* A page that is gone by now holds nothing. */
	if (got == -ESRCH || got == -EFAULT)
		got = 0;
	if (got < 0)
		return (int)got;
	part.readable = (size_t)got;
	if (part.readable > walk->used)
		walk->used = part.readable;
	part.size = (size_t)got < size ? (size_t)got : size;
	walk->skipped->failed_bytes += size - part.size;
	return part.size > 0 ? walk->look(walk->context, &part) : 0;
}

/* Walks through the pages of a chunk. `next_pages`: 1 if the mapping has a page behind them, else 0. To read a page
 * that is not resident would make the page resident. */
static int walk_chunk(struct walk *walk, uint64_t start, size_t pages, size_t next_pages)
{
	size_t swapped;

	if (budget__spend(walk->budget, BUDGET_HEAP_BYTES, pages * walk->page_bytes) < 0)
		return -EDQUOT;
	walk->present[pages] = false;
	if (process__pages_present(walk->target, start, pages + next_pages, walk->present,
				   &swapped) < 0) {
		walk->skipped->failed_bytes += pages * walk->page_bytes;
		return 0;
	}
	walk->skipped->swapped_bytes += swapped * walk->page_bytes;
	for (size_t first = 0; first < pages;) {
		size_t end = first;
		int r = 0;

		while (end < pages && walk->present[end])
			end++;
		if (end > first)
			r = walk_pages(walk, start + first * walk->page_bytes,
				       (end - first) * walk->page_bytes,
				       walk->present[end] ? OVERLAP_BYTES : 0);
		if (r < 0)
			return r;
		first = end + 1;
	}
	return 0;
}

static int walk_mapping(void *context, const struct process_mapping *mapping)
{
	struct walk *walk = context;
	int r = 0;

	if (!mapping->readable || !mapping->writable || !mapping->is_heap ||
	    mapping->end - mapping->start > MAPPING_LIMIT_BYTES)
		return 0;
	for (uint64_t start = mapping->start; start < mapping->end && r >= 0;
	     start += CHUNK_BYTES) {
		uint64_t left = mapping->end - start;
		size_t size = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;

		r = walk_chunk(walk, start, size / walk->page_bytes, left > CHUNK_BYTES);
	}
	return r;
}

int memory_walk(const struct process *target, memory_look look, void *context,
		struct memory_skipped *skipped, struct budget *budget)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	_cleanup_free_ unsigned char *bytes = aligned_alloc(page_bytes, CHUNK_BYTES + page_bytes);
	_cleanup_free_ bool *present = calloc(CHUNK_BYTES / page_bytes + 1, sizeof(*present));
	struct walk walk = {
		.target = target,
		.look = look,
		.context = context,
		.skipped = skipped,
		.budget = budget,
		.bytes = bytes,
		.present = present,
		.page_bytes = page_bytes,
	};
	int r;

	if (!bytes || !present)
		return -ENOMEM;
	r = process__for_each_mapping(target, walk_mapping, &walk);
	/* The target's memory may hold secrets. */
	explicit_bzero(bytes, walk.used);
	return r;
}
