// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "census/census.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "census/header.h"

#define CHUNK_BYTES ((size_t)1024 * 1024)

/* What is larger is address space that someone keeps, such as a sanitizer's shadow of terabytes, and
 * no heap. */
#define MAPPING_LIMIT_BYTES (UINT64_C(64) << 30)

/* How long a poll in progress is waited for. */
#define POLL_PAUSE_NS (5 * NS_PER_MS)
#define POLL_PAUSES   40

/* A task's cell starts with its header and is aligned to a cache line, at least to 64 bytes on the
 * machines we know (tokio/src/runtime/task/core.rs, `Cell`). */
#define HEADER_ALIGNMENT 64

/* Two words side by side, which both hold a task's address: the head and the tail of a list of one. */
struct pair {
	uint64_t head;
	uint64_t tail;
};

struct candidate {
	uint64_t header;
	uint64_t vtable;
	bool is_entered; /* by us */
	bool is_owned;	 /* the runtime's list holds it */
};

struct scan {
	const struct census_memory *memory;
	struct candidate *candidates; /* sorted by header: memory is walked upwards */
	size_t count;
	size_t room;
	unsigned char *chunk;
	bool *present; /* by page of a chunk */
	size_t page_bytes;
	int (*look)(struct scan *scan, uint64_t start, size_t size);
	int failure;
};

/* First walk: headers that look alive. */
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

/* Second walk: lists whose only member is a candidate. */
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

/* Reads a run of resident pages within a chunk; one that is gone by now holds no task either. */
static void scan_pages(struct scan *scan, uint64_t start, size_t size)
{
	ssize_t got = process__read_memory(scan->memory->target, start, scan->chunk, size);

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
		/* Reading a page that is not resident would make it so. */
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

static int enter_candidates(struct scan *scan, const struct census_book *book)
{
	for (size_t i = 0; i < scan->count; i++) {
		struct candidate *candidate = &scan->candidates[i];
		int r = book->enter(book->context, candidate->header, candidate->vtable);

		if (r < 0)
			return r;
		candidate->is_entered = r > 0;
	}
	return 0;
}

/* A freed cell may keep all that makes a header, so each needs a proof of life: the runtime's list
 * of tasks holds it, by its neighbours or, where it is alone in its part of the list, by that part. */
static int find_owners(struct scan *scan)
{
	bool some_are_alone = false;

	for (size_t i = 0; i < scan->count; i++) {
		struct candidate *candidate = &scan->candidates[i];

		candidate->is_owned = census_task_is_linked(scan->memory, candidate->header);
		some_are_alone |= !candidate->is_owned;
	}
	return some_are_alone ? walk(scan, find_lone_owners) : 0;
}

static bool some_are_running(const struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++) {
		const struct candidate *candidate = &scan->candidates[i];

		if (candidate->is_entered &&
		    census_task_is_running(scan->memory, candidate->header, candidate->vtable))
			return true;
	}
	return false;
}

/* A thread may be preempted on its way from the probe, which took the task out of the book before
 * we entered it, to the instruction that marks its end: until then it looks alive and is running. So
 * polls get time to end; one that lasts longer is of a task that is alive. */
static void await_ends_of_polls(const struct scan *scan)
{
	struct timespec pause = {.tv_nsec = (long)POLL_PAUSE_NS};

	for (int i = 0; i < POLL_PAUSES && some_are_running(scan); i++)
		nanosleep(&pause, NULL);
}

/* Takes out again what was no task, or has ended since; gives how many stay. */
static int take_out_the_dead(struct scan *scan, const struct census_book *book)
{
	int entered = 0;

	for (size_t i = 0; i < scan->count; i++) {
		const struct candidate *candidate = &scan->candidates[i];

		if (!candidate->is_entered)
			continue;
		if (candidate->is_owned &&
		    census_task_is_alive(scan->memory, candidate->header, candidate->vtable))
			entered++;
		else
			book->take_out(book->context, candidate->header);
	}
	return entered;
}

int census__tasks(const struct process *target, const struct plan *plan, uint64_t load_bias,
		  const struct census_book *book, struct error *error)
{
	const struct census_memory memory = {target, plan, load_bias};
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
	if (plan->vtable_count == 0)
		return 0;
	r = walk(&scan, find_candidates);
	if (r >= 0)
		r = enter_candidates(&scan, book);
	if (r >= 0)
		r = find_owners(&scan);
	if (r < 0)
		error_set(error, r, "cannot look for tasks in the memory of process %d: %m",
			  (int)target->pid);
	if (r >= 0) {
		await_ends_of_polls(&scan);
		r = take_out_the_dead(&scan, book);
	}
	free(scan.candidates);
	return r;
}
