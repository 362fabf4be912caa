// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/task_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tokio/task_header.h"

#define CHUNK_BYTES ((size_t)1024 * 1024)

/* A larger mapping is reserved address space, such as a sanitizer's shadow of terabytes, and no heap. */
#define MAPPING_LIMIT_BYTES (UINT64_C(64) << 30)

/* The scan waits so long for the end of polls in progress. */
#define POLL_PAUSE_NS (5 * NS_PER_MS)
#define POLL_PAUSES   40

/* A task's cell starts with its header and is aligned to a cache line, at least to 64 bytes on x86-64 and
 * arm64 (tokio/src/runtime/task/core.rs, `Cell`). */
#define HEADER_ALIGNMENT 64

/* Head and tail of a list. In a list of one task, both hold the task's address. */
struct pair {
	uint64_t head;
	uint64_t tail;
};

struct candidate {
	uint64_t header;
	uint64_t vtable;
	bool is_added; /* by this scan */
	bool is_owned; /* the runtime's list holds the task */
};

struct scan {
	const struct task_memory *memory;
	struct candidate *candidates; /* sorted by header, because the walk goes upwards */
	size_t count;
	size_t room;
	unsigned char *chunk;
	size_t used;   /* bytes of the chunk that ever held the target's memory */
	bool *present; /* for each page of a chunk: it is resident */
	size_t page_bytes;
	int (*look)(struct scan *scan, uint64_t start, size_t size);
	int failure;
};

/* First walk: finds headers that look alive. */
static int find_candidates(struct scan *scan, uint64_t start, size_t size)
{
	for (size_t at = 0; at + sizeof(struct task_header) <= size; at += HEADER_ALIGNMENT) {
		const struct task_header *header = (const void *)(scan->chunk + at);

		if (!task_header__is_alive(header, scan->memory))
			continue;
		if (scan->count == scan->room) {
			size_t room = scan->room ? scan->room * 2 : 256;
			struct candidate *grown =
				reallocarray(scan->candidates, room, sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			scan->candidates = grown;
			scan->room = room;
		}
		scan->candidates[scan->count++] = (struct candidate){
			.header = start + at,
			.vtable = header->vtable,
		};
	}
	return 0;
}

static int compare_candidates(const void *key, const void *item)
{
	uint64_t header = *(const uint64_t *)key;
	uint64_t candidate = ((const struct candidate *)item)->header;

	return (header > candidate) - (header < candidate);
}

/* Second walk: finds lists whose only task is a candidate. */
static int find_lone_owners(struct scan *scan, uint64_t start, size_t size)
{
	(void)start;
	for (size_t at = 0; at + sizeof(struct pair) <= size; at += sizeof(uint64_t)) {
		const struct pair *pair = (const void *)(scan->chunk + at);

		if (pair->head != pair->tail || pair->head % HEADER_ALIGNMENT || !pair->head)
			continue;

		struct candidate *candidate =
			bsearch(&pair->head, scan->candidates, scan->count,
				sizeof(*scan->candidates), compare_candidates);

		if (candidate)
			candidate->is_owned = true;
	}
	return 0;
}

/* Reads consecutive resident pages within a chunk. A page that is gone by now holds no task. */
static void scan_pages(struct scan *scan, uint64_t start, size_t size)
{
	ssize_t got = process__read_memory(scan->memory->target, start, scan->chunk, size);

	if (got > 0 && (size_t)got > scan->used)
		scan->used = (size_t)got;
	if (got > 0)
		scan->failure = scan->look(scan, start, (size_t)got);
}

static int scan_mapping(void *context, const struct process_mapping *mapping)
{
	struct scan *scan = context;

	if (!mapping->readable || !mapping->writable || !mapping->anonymous ||
	    mapping->end - mapping->start > MAPPING_LIMIT_BYTES)
		return 0;
	for (uint64_t start = mapping->start; start < mapping->end && !scan->failure;
	     start += CHUNK_BYTES) {
		uint64_t left = mapping->end - start;
		size_t pages = (size_t)(left < CHUNK_BYTES ? left : CHUNK_BYTES) / scan->page_bytes;

		if (process__pages_present(scan->memory->target, start, pages, scan->present) < 0)
			continue;
		/* To read a page that is not resident would make the page resident. */
		for (size_t first = 0; first < pages && !scan->failure;) {
			size_t end = first;

			while (end < pages && scan->present[end])
				end++;
			if (end > first)
				scan_pages(scan, start + first * scan->page_bytes,
					   (end - first) * scan->page_bytes);
			first = end + 1;
		}
	}
	return scan->failure;
}

static int walk(struct scan *scan, int (*look)(struct scan *scan, uint64_t start, size_t size))
{
	int r;

	scan->look = look;
	r = process__for_each_mapping(scan->memory->target, scan_mapping, scan);
	return scan->failure ? scan->failure : r;
}

static int add_candidates(struct scan *scan, const struct task_sink *sink)
{
	for (size_t i = 0; i < scan->count; i++) {
		struct candidate *candidate = &scan->candidates[i];
		int r = sink->add(sink->context, candidate->header, candidate->vtable);

		if (r < 0)
			return r;
		candidate->is_added = r > 0;
	}
	return 0;
}

/* A freed cell may keep all words of its header. So a candidate counts only if the runtime's list of tasks
 * holds it: its neighbours point to it, or the head and the tail of its part of the list if the task is alone
 * there. */
static int find_owners(struct scan *scan)
{
	bool some_are_alone = false;

	for (size_t i = 0; i < scan->count; i++) {
		struct candidate *candidate = &scan->candidates[i];

		candidate->is_owned = task_is_linked(scan->memory, candidate->header);
		some_are_alone |= !candidate->is_owned;
	}
	return some_are_alone ? walk(scan, find_lone_owners) : 0;
}

static bool some_are_running(const struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++) {
		const struct candidate *candidate = &scan->candidates[i];

		if (candidate->is_added &&
		    task_is_running(scan->memory, candidate->header, candidate->vtable))
			return true;
	}
	return false;
}

/* At the end of a task, a probe removes the task from the set, and a later instruction marks the end in the
 * header. If the thread is preempted in between, the scan adds a task that has ended and still looks alive and
 * running. So the scan waits for polls to end; a poll that lasts longer belongs to a live task. */
static void await_ends_of_polls(const struct scan *scan)
{
	struct timespec pause = {.tv_nsec = (long)POLL_PAUSE_NS};

	for (int i = 0; i < POLL_PAUSES && some_are_running(scan); i++)
		nanosleep(&pause, NULL);
}

/* Removes the added candidates that are no tasks or have ended; returns the number of those that stay. */
static int remove_the_dead(struct scan *scan, const struct task_sink *sink)
{
	int added = 0;

	for (size_t i = 0; i < scan->count; i++) {
		const struct candidate *candidate = &scan->candidates[i];

		if (!candidate->is_added)
			continue;
		if (candidate->is_owned &&
		    task_is_alive(scan->memory, candidate->header, candidate->vtable))
			added++;
		else
			sink->remove(sink->context, candidate->header);
	}
	return added;
}

int tokio_scan_tasks(const struct process *target, const struct tokio *tokio, uint64_t load_bias,
		     const struct task_sink *sink, struct error *error)
{
	const struct task_memory memory = {target, tokio, load_bias};
	_cleanup_free_ unsigned char *chunk = aligned_alloc(HEADER_ALIGNMENT, CHUNK_BYTES);
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	_cleanup_free_ bool *present = calloc(CHUNK_BYTES / page_bytes, sizeof(*present));
	struct scan scan = {
		.memory = &memory,
		.chunk = chunk,
		.present = present,
		.page_bytes = page_bytes,
	};
	int r = 0;

	if (!chunk || !present)
		return error_out_of_memory(error);
	if (tokio->vtable_count == 0)
		return 0;
	r = walk(&scan, find_candidates);
	if (r >= 0)
		r = add_candidates(&scan, sink);
	if (r >= 0)
		r = find_owners(&scan);
	if (r < 0)
		error_set(error, r, "cannot look for tasks in the memory of process %d: %m",
			  (int)target->pid);
	if (r >= 0) {
		await_ends_of_polls(&scan);
		r = remove_the_dead(&scan, sink);
	}
	/* The target's memory may hold secrets. */
	explicit_bzero(chunk, scan.used);
	free(scan.candidates);
	return r;
}
