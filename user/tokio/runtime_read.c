// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/runtime.h"
#include "tokio/runtime_parts.h"

/* The runtime writes while the tool reads: relations between two words may not hold at one moment. */
#define ATTEMPTS      4
#define LIST_ATTEMPTS 8

/* A part that is not found may be in a state that two places fit, and is searched again. */
#define SEARCH_LIMIT 100

#define POOL_WORDS 144

const char *runtime_kind_name(enum runtime_kind kind)
{
	return kind == RUNTIME_MULTI_THREAD ? "multi_thread" : "current_thread";
}

bool runtime_read_worker(const struct process *target, const struct runtime_place *place,
			 size_t worker, uint64_t ret_words[WORKER_WORDS])
{
	uint64_t raw[WORKER_RAW_WORDS];
	uint64_t address = place->workers + worker * runtime_worker_bytes(place->worker_layout);

	if (!runtime_read_words(target, address, raw, WORKER_RAW_WORDS))
		return false;
	runtime_order_worker(place->worker_layout, raw, ret_words);
	return true;
}

bool runtime_read_local_depth(const struct process *target, uint64_t remotes, size_t worker,
			      uint64_t *ret_depth)
{
	uint64_t pair[2], queue[LOCAL_QUEUE_WORDS];

	if (!runtime_read_words(target, remotes + worker * sizeof(pair), pair, 2))
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (runtime_read_words(target, pair[i], queue, LOCAL_QUEUE_WORDS) &&
		    runtime_read_local_queue(queue, ret_depth))
			return true;
	}
	return false;
}

static bool read_workers(const struct process *target, const struct runtime_place *place,
			 uint64_t uptime_ns, struct runtime_counters *counters)
{
	for (size_t i = 0; i < place->worker_count; i++) {
		uint64_t words[WORKER_WORDS];

		if (!runtime_read_worker(target, place, i, words) ||
		    !runtime_worker_is_valid(words, uptime_ns))
			return false;
		counters->workers[i] = (struct runtime_worker){
			.busy_ns = words[WORKER_BUSY_NS],
			.parks = words[WORKER_PARKS],
			.queue_depth = words[WORKER_QUEUE_DEPTH],
		};
	}
	counters->worker_count = place->worker_count;
	return true;
}

/* The metrics of a current-thread runtime have the depth of its queue; a multi-thread runtime has queues. */
static bool read_local_queues(const struct process *target, const struct runtime_place *place,
			      struct runtime_counters *counters)
{
	if (place->kind == RUNTIME_CURRENT_THREAD)
		return true;
	if (!place->remotes)
		return false;
	for (size_t i = 0; i < place->worker_count; i++) {
		if (!runtime_read_local_depth(target, place->remotes, i,
					      &counters->workers[i].queue_depth))
			return false;
	}
	return true;
}

static bool read_global_queue(const struct process *target, const struct runtime_place *place,
			      struct runtime_counters *counters)
{
	uint64_t length, head;

	if (!place->queue_length || !runtime_read_words(target, place->queue_length, &length, 1) ||
	    !runtime_read_words(target, place->queue_head, &head, 1) ||
	    (length == 0) != (head == 0))
		return false;
	counters->global_queue = length;
	return true;
}

static bool read_pool(const struct process *target, const struct runtime_place *place,
		      struct runtime_counters *counters)
{
	uint64_t workers = place->kind == RUNTIME_MULTI_THREAD ? place->worker_count : 0;
	uint64_t words[POOL_WORDS];

	if (!place->pool ||
	    !runtime_read_words(target, place->pool, words, place->pool_words.threads + 3) ||
	    !runtime_pool_is_valid(words, &place->pool_words, workers))
		return false;
	counters->blocking_threads = words[place->pool_words.threads] - workers;
	counters->blocking_idle = words[place->pool_words.threads + 1];
	counters->blocking_queue = words[place->pool_words.threads + 2];
	return true;
}

/* Calls `read` until it succeeds, a few times. */
static bool attempt(bool (*read)(const struct process *target, const struct runtime_place *place,
				 struct runtime_counters *counters),
		    const struct process *target, const struct runtime_place *place,
		    struct runtime_counters *counters)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		if (read(target, place, counters))
			return true;
	}
	return false;
}

/* Reads the list while no task is spawned: the number of ended tasks is the difference of two words. Under a load
 * of spawns the last of the reads has to do. */
static enum runtime_state read_list(const struct process *target, const struct runtime_place *place,
				    struct runtime_counters *counters)
{
	enum runtime_state state = RUNTIME_UNREADABLE;

	for (int i = 0; i < LIST_ATTEMPTS; i++) {
		uint64_t words[LIST_WORDS], spawned;

		if (!runtime_read_words(target, place->list, words, LIST_WORDS))
			return RUNTIME_UNREADABLE;
		if (words[LIST_ID] != place->id || words[LIST_SHARD_COUNT] != place->shards ||
		    words[LIST_SHARD_MASK] != place->shards - 1 || runtime_list_is_closed(words))
			return RUNTIME_ENDED;
		if (!runtime_list_is_valid(words))
			continue;
		counters->spawned = words[LIST_SPAWNED];
		counters->alive = words[LIST_ALIVE];
		state = RUNTIME_ALIVE;
		if (runtime_read_words(target, place->list + LIST_SPAWNED * sizeof(spawned),
				       &spawned, 1) &&
		    spawned == words[LIST_SPAWNED])
			break;
	}
	return state;
}

static bool attempt_workers(const struct process *target, const struct runtime_place *place,
			    uint64_t uptime_ns, struct runtime_counters *counters)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		if (read_workers(target, place, uptime_ns, counters))
			return true;
	}
	return false;
}

/* Whether a part that this kind of runtime has was not found yet. */
static bool lacks_parts(const struct runtime_place *place)
{
	return !place->pool ||
	       (place->kind == RUNTIME_MULTI_THREAD && (!place->remotes || !place->queue_length));
}

enum runtime_state runtime_read(const struct process *target, struct runtime_place *place,
				uint64_t uptime_ns, struct runtime_counters *ret_counters)
{
	enum runtime_state state = read_list(target, place, ret_counters);

	if (state != RUNTIME_ALIVE)
		return state;
	if (!attempt_workers(target, place, uptime_ns, ret_counters))
		return RUNTIME_UNREADABLE;
	if (lacks_parts(place) && place->searches < SEARCH_LIMIT) {
		place->searches++;
		runtime_find_parts(target, place);
	}
	ret_counters->has_local_queues = attempt(read_local_queues, target, place, ret_counters);
	ret_counters->has_global_queue = attempt(read_global_queue, target, place, ret_counters);
	ret_counters->has_pool = attempt(read_pool, target, place, ret_counters);
	/* What does not prove itself again is searched again. */
	if (!ret_counters->has_pool)
		place->pool = 0;
	return RUNTIME_ALIVE;
}
