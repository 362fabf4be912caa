// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "tokio/runtime.h"
#include "tokio/runtime_parts.h"

#define PAGE_BYTES 4096

/* The memory around a task list that is searched for the other parts of the runtime: the runtime's handle is
 * smaller. */
#define WINDOW_WORDS 512

/* A list has up to 65536 shards; the first ones prove as much as all. */
#define CHECKED_SHARDS 64

/* The memory of the blocking pool that is searched: it has up to 1,050 bytes (tokio 1.54). */
#define POOL_WORDS 144

/* Reads of what the words of a window point to: more than any runtime takes, whose workers are read once for their
 * metrics and three times for their queues, with a try for each word of the window. The target can make each word look
 * right until the last worker. */
#define READ_LIMIT (4 * RUNTIME_WORKER_LIMIT + 2 * WINDOW_WORDS)

struct window {
	uint64_t address;
	uint64_t words[WINDOW_WORDS];
	size_t count;
	size_t reads; /* that are left */
};

/* Returns false without that many reads left. */
static bool spend_reads(struct window *window, size_t count)
{
	bool has_reads = window->reads >= count;

	window->reads = has_reads ? window->reads - count : 0;
	return has_reads;
}

bool runtime_read_words(const struct process *target, uint64_t address, uint64_t *words,
			size_t count)
{
	size_t size = count * sizeof(*words);

	return process__read_memory(target, address, words, size) == (ssize_t)size;
}

/* The memory around a list may hold secrets of the target. */
static void wipe_window(struct window *window)
{
	explicit_bzero(window, sizeof(*window));
}

/* Reads the readable memory around `center`. A page before it may be unmapped. */
static bool read_window(const struct process *target, uint64_t center, struct window *ret_window)
{
	uint64_t start = center - WINDOW_WORDS / 2 * sizeof(uint64_t);
	uint64_t end = start + sizeof(ret_window->words);

	while (start < center) {
		ssize_t size = process__read_memory(target, start, ret_window->words, end - start);

		if (size >= (ssize_t)(center - start + LIST_WORDS * sizeof(uint64_t))) {
			ret_window->address = start;
			ret_window->count = (size_t)size / sizeof(uint64_t);
			ret_window->reads = READ_LIMIT;
			return true;
		}
		start = (start / PAGE_BYTES + 1) * PAGE_BYTES;
	}
	wipe_window(ret_window);
	return false;
}

/* Whether the first shards of the list are shards, and the tasks in them belong to the list. A stack can still hold
 * a copy of the list from before the runtime started: without tasks, but with the shards of the list in use. */
static bool shards_are_valid(const struct process *target, const uint64_t list[LIST_WORDS])
{
	uint64_t words[CHECKED_SHARDS][SHARD_WORDS];
	size_t count = list[LIST_SHARD_COUNT] < CHECKED_SHARDS ? (size_t)list[LIST_SHARD_COUNT]
							       : CHECKED_SHARDS;

	if (!runtime_read_words(target, list[LIST_SHARDS], words[0], count * SHARD_WORDS))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct task_header header;

		if (!runtime_shard_is_valid(words[i]))
			return false;
		if (words[i][SHARD_HEAD] == 0)
			continue;
		if (list[LIST_ALIVE] == 0)
			return false;
		/* A task may end meanwhile; then its memory can hold anything. */
		if (list[LIST_ALIVE] > 1)
			continue;
		if (process__read_memory(target, words[i][SHARD_HEAD], &header, sizeof(header)) ==
			    sizeof(header) &&
		    header.owner_id != list[LIST_ID] && header.owner_id != 0)
			return false;
	}
	return true;
}

/* Whether all metrics at the place are those of workers, and at least one worker has parked: memory that is not
 * in use yet, such as a copy on a stack, has zeros. */
static bool workers_are_valid(const struct process *target, struct window *window,
			      const struct runtime_place *place, uint64_t uptime_ns)
{
	bool has_parked = false;

	for (size_t i = 0; i < place->worker_count; i++) {
		uint64_t words[WORKER_WORDS];

		if (!spend_reads(window, 1) || !runtime_read_worker(target, place, i, words) ||
		    !runtime_worker_is_valid(words, uptime_ns))
			return false;
		/* Zeros are no worker of the rarer layout. */
		if (place->worker_layout != WORKER_STABLE && words[WORKER_THREAD] == 0)
			return false;
		has_parked |= words[WORKER_PARKS] > 0 && words[WORKER_THREAD] != 0;
	}
	return has_parked;
}

static bool find_layout(const struct process *target, struct window *window,
			struct runtime_place *place, uint64_t uptime_ns)
{
	for (int layout = 0; layout < WORKER_LAYOUTS; layout++) {
		place->worker_layout = (enum worker_layout)layout;
		if (workers_are_valid(target, window, place, uptime_ns))
			return true;
	}
	return false;
}

/* Finds the workers of a multi-thread runtime: a pointer to their metrics, and their number. */
static bool find_workers(const struct process *target, struct window *window,
			 struct runtime_place *place, uint64_t uptime_ns)
{
	for (size_t i = 0; i + 1 < window->count; i++) {
		uint64_t pointer = window->words[i], count = window->words[i + 1];

		if (pointer == 0 || pointer % WORKER_ALIGNMENT || count > RUNTIME_WORKER_LIMIT ||
		    runtime_shards_of(count) != place->shards)
			continue;
		place->kind = RUNTIME_MULTI_THREAD;
		place->workers = pointer;
		place->worker_count = (size_t)count;
		if (find_layout(target, window, place, uptime_ns))
			return true;
	}
	return false;
}

/* Finds the metrics of a current-thread runtime, which are next to the list: the nearest ones that are valid. */
static bool find_own_worker(const struct process *target, struct window *window,
			    struct runtime_place *place, uint64_t uptime_ns)
{
	uint64_t nearest = UINT64_MAX;

	for (size_t i = 0; i < window->count; i++) {
		uint64_t address = window->address + i * sizeof(uint64_t);
		uint64_t distance =
			address > place->list ? address - place->list : place->list - address;
		struct runtime_place tried = *place;

		if (address % WORKER_ALIGNMENT || distance >= nearest)
			continue;
		tried.kind = RUNTIME_CURRENT_THREAD;
		tried.workers = address;
		tried.worker_count = 1;
		if (!find_layout(target, window, &tried, uptime_ns))
			continue;
		nearest = distance;
		*place = tried;
	}
	return nearest != UINT64_MAX;
}

static bool find_remotes(const struct process *target, struct window *window,
			 const struct runtime_place *place, uint64_t *ret_remotes)
{
	for (size_t i = 0; i + 1 < window->count; i++) {
		uint64_t pointer = window->words[i];
		uint64_t depth;

		if (window->words[i + 1] != place->worker_count || pointer == place->workers ||
		    pointer == 0 || pointer % sizeof(uint64_t))
			continue;
		*ret_remotes = pointer;
		for (size_t worker = 0;
		     spend_reads(window, 3) &&
		     runtime_read_local_depth(target, pointer, worker, &depth);) {
			if (++worker == place->worker_count)
				return true;
		}
	}
	*ret_remotes = 0;
	return false;
}

static void find_pool(const struct process *target, struct window *window,
		      struct runtime_place *place)
{
	uint64_t workers = place->kind == RUNTIME_MULTI_THREAD ? place->worker_count : 0;
	uint64_t words[POOL_WORDS];

	for (size_t i = 0; i < window->count; i++) {
		uint64_t pointer = window->words[i];
		ssize_t size;

		if (pointer < PAGE_BYTES || pointer % sizeof(uint64_t) || pointer >> 56)
			continue;
		if (!spend_reads(window, 1))
			break;
		/* The pool is the content of an Arc, which starts with two counts. */
		size = process__read_memory(target, pointer, words, sizeof(words));
		if (size < (ssize_t)(2 * sizeof(uint64_t)) || words[0] == 0 ||
		    words[0] > UINT32_MAX || words[1] != 1 ||
		    !runtime_find_pool(words, (size_t)size / sizeof(uint64_t), workers,
				       &place->pool_words))
			continue;
		place->pool = pointer;
		break;
	}
	/* Each pointer may lead to memory that holds secrets of the target. */
	explicit_bzero(words, sizeof(words));
}

static void find_parts_in(const struct process *target, struct window *window,
			  struct runtime_place *place)
{
	struct runtime_queue queue;

	if (place->kind == RUNTIME_MULTI_THREAD && !place->remotes)
		find_remotes(target, window, place, &place->remotes);
	if (place->kind == RUNTIME_MULTI_THREAD && !place->queue_length &&
	    runtime_find_queue(window->words, window->count, window->address, place->worker_count,
			       &queue)) {
		place->queue_length = window->address + queue.length * sizeof(uint64_t);
		place->queue_head = window->address + queue.head * sizeof(uint64_t);
	}
	if (!place->pool)
		find_pool(target, window, place);
}

void runtime_find_parts(const struct process *target, struct runtime_place *place)
{
	struct window window;

	if (!read_window(target, place->list, &window))
		return;
	find_parts_in(target, &window, place);
	wipe_window(&window);
}

static bool find_in(const struct process *target, struct window *window,
		    struct runtime_place *place, uint64_t uptime_ns)
{
	return find_workers(target, window, place, uptime_ns) ||
	       (place->shards == runtime_shards_of(1) &&
		find_own_worker(target, window, place, uptime_ns));
}

bool runtime_find(const struct process *target, uint64_t list, uint64_t uptime_ns,
		  struct runtime_place *ret_place)
{
	struct runtime_place place = {.list = list};
	uint64_t words[LIST_WORDS];
	struct window window;
	bool is_found;

	if (!runtime_read_words(target, list, words, LIST_WORDS) || !runtime_list_is_valid(words) ||
	    runtime_list_is_closed(words) || !shards_are_valid(target, words) ||
	    !read_window(target, list, &window))
		return false;
	place.id = words[LIST_ID];
	place.shards = words[LIST_SHARD_COUNT];
	is_found = find_in(target, &window, &place, uptime_ns);
	wipe_window(&window);
	if (!is_found)
		return false;
	runtime_find_parts(target, &place);
	*ret_place = place;
	return true;
}
