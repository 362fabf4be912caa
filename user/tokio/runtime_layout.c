// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/runtime_layout.h"

/* Lists and threads are numbered from 1. */
#define NUMBER_LIMIT (UINT64_C(1) << 32)

#define LOWEST_ADDRESS 4096

/* The length of a worker's local queue (tokio/src/runtime/scheduler/multi_thread/queue.rs). */
#define LOCAL_QUEUE_CAPACITY 256

/* tokio's own limit of workers would be memory; more are not expected. */
#define WORKER_LIMIT 65536

/* More blocking threads than Linux allows threads. */
#define THREAD_LIMIT (UINT64_C(1) << 22)

static bool is_power_of_two(uint64_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

static bool is_pointer(uint64_t value)
{
	return value >= LOWEST_ADDRESS && value % sizeof(uint64_t) == 0 && value >> 56 == 0;
}

/* The mutex of the standard library has a futex word of 0 to 2 and a byte for poisoning; that of parking_lot
 * has one byte of 0 to 3. The padding can hold anything. */
static bool is_mutex(uint64_t word)
{
	return (uint32_t)word <= 2 || (uint8_t)word <= 3;
}

bool runtime_list_is_valid(const uint64_t words[LIST_WORDS])
{
	uint64_t shards = words[LIST_SHARD_COUNT];

	return shards >= 4 && shards <= SHARD_LIMIT && is_power_of_two(shards) &&
	       words[LIST_SHARD_MASK] == shards - 1 && is_pointer(words[LIST_SHARDS]) &&
	       words[LIST_ALIVE] <= words[LIST_SPAWNED] && words[LIST_ID] != 0 &&
	       words[LIST_ID] < NUMBER_LIMIT && (uint8_t)words[LIST_CLOSED] <= 1;
}

bool runtime_list_is_closed(const uint64_t words[LIST_WORDS])
{
	return (uint8_t)words[LIST_CLOSED] != 0;
}

bool runtime_shard_is_valid(const uint64_t words[SHARD_WORDS])
{
	uint64_t head = words[SHARD_HEAD];
	uint64_t tail = words[SHARD_TAIL];

	if (!is_mutex(words[SHARD_MUTEX]))
		return false;
	return head == 0 ? tail == 0 : is_pointer(head) && is_pointer(tail);
}

bool runtime_worker_is_valid(const uint64_t words[WORKER_WORDS], uint64_t uptime_ns)
{
	uint64_t parks = words[WORKER_PARKS];
	uint64_t both = words[WORKER_PARKS_AND_UNPARKS];

	return (uint32_t)words[WORKER_MUTEX] <= 2 && words[WORKER_THREAD] < NUMBER_LIMIT &&
	       words[WORKER_BUSY_NS] <= uptime_ns && words[WORKER_QUEUE_DEPTH] < NUMBER_LIMIT &&
	       parks < UINT64_MAX / 2 && both <= 2 * parks && 2 * parks - both <= 1;
}

/* With tokio_unstable a histogram of six words comes first, and the other fields have the order of the
 * declaration. */
static const struct {
	size_t bytes;
	size_t places[WORKER_WORDS];
} worker_layouts[WORKER_LAYOUTS] = {
	[WORKER_STABLE] = {WORKER_ALIGNMENT,
			   {
				   [WORKER_MUTEX] = 0,
				   [WORKER_THREAD] = 1,
				   [WORKER_BUSY_NS] = 2,
				   [WORKER_QUEUE_DEPTH] = 3,
				   [WORKER_PARKS] = 4,
				   [WORKER_PARKS_AND_UNPARKS] = 5,
			   }},
	[WORKER_UNSTABLE] = {2 * (size_t)WORKER_ALIGNMENT,
			     {
				     [WORKER_BUSY_NS] = 6,
				     [WORKER_QUEUE_DEPTH] = 7,
				     [WORKER_MUTEX] = 8,
				     [WORKER_THREAD] = 9,
				     [WORKER_PARKS] = 10,
				     [WORKER_PARKS_AND_UNPARKS] = 11,
			     }},
};

size_t runtime_worker_bytes(enum worker_layout layout)
{
	return worker_layouts[layout].bytes;
}

void runtime_order_worker(enum worker_layout layout, const uint64_t raw[WORKER_RAW_WORDS],
			  uint64_t ret_words[WORKER_WORDS])
{
	for (size_t i = 0; i < WORKER_WORDS; i++)
		ret_words[i] = raw[worker_layouts[layout].places[i]];
}

uint64_t runtime_shards_of(uint64_t workers)
{
	uint64_t shards = 4;

	if (workers == 0 || workers > WORKER_LIMIT)
		return 0;
	while (shards / 4 < workers)
		shards *= 2;
	return shards < SHARD_LIMIT ? shards : SHARD_LIMIT;
}

/* A queue's length is 0 if and only if the queue has no first task. A queue of one has the same first and last
 * task. */
static bool is_queue(uint64_t length, uint64_t head, uint64_t tail)
{
	if (length == 0)
		return head == 0;
	return length < NUMBER_LIMIT && is_pointer(head) && is_pointer(tail) &&
	       (length > 1 || head == tail);
}

/* Idle's word has the number of unparked workers above bit 16, and the number of searching workers below. The
 * sleeping workers are in a Vec with room for all workers: capacity, pointer, length. */
static bool is_idle_state(uint64_t state, const uint64_t sleepers[3], uint64_t workers)
{
	uint64_t unparked = state >> 16;
	uint64_t searching = state & 0xffff;

	return sleepers[0] == workers && is_pointer(sleepers[1]) && sleepers[2] <= workers &&
	       unparked + sleepers[2] == workers && searching <= unparked;
}

/* tokio up to 1.52: length of the queue, Idle (state, workers), mutex, sleepers, head and tail of the queue. */
static bool has_adjacent_queue(const uint64_t *words, uint64_t workers)
{
	return words[2] == workers && is_mutex(words[3]) &&
	       is_idle_state(words[1], words + 4, workers) &&
	       is_queue(words[0], words[7], words[8]);
}
#define ADJACENT_WORDS 9
#define ADJACENT_HEAD  7

/* tokio from 1.53 on: queue and Idle are padded to cache lines of 128 bytes and follow each other. The queue is
 * a mutex, head, tail, a flag, the length. The sleepers, behind their mutex, are elsewhere. */
#define PADDED_WORDS  16
#define PADDED_HEAD   1
#define PADDED_LENGTH 4

static bool has_sleepers(const uint64_t *words, size_t count, uint64_t state, uint64_t workers)
{
	for (size_t i = 0; i + 4 <= count; i++) {
		if (is_mutex(words[i]) && is_idle_state(state, words + i + 1, workers))
			return true;
	}
	return false;
}

static bool has_padded_queue(const uint64_t *words, size_t count, size_t at, uint64_t workers)
{
	const uint64_t *queue = words + at;
	const uint64_t *idle = queue + PADDED_WORDS;

	return is_mutex(queue[0]) && (uint8_t)queue[3] <= 1 && idle[1] == workers &&
	       is_queue(queue[PADDED_LENGTH], queue[PADDED_HEAD], queue[2]) &&
	       has_sleepers(words, count, idle[0], workers);
}

bool runtime_find_queue(const uint64_t *words, size_t count, uint64_t address, uint64_t workers,
			struct runtime_queue *ret_queue)
{
	size_t found = 0;

	for (size_t i = 0; i + ADJACENT_WORDS <= count; i++) {
		if (!has_adjacent_queue(words + i, workers))
			continue;
		*ret_queue = (struct runtime_queue){i, i + ADJACENT_HEAD};
		found++;
	}
	for (size_t i = 0; i + PADDED_WORDS + 2 <= count; i++) {
		if ((address + i * sizeof(uint64_t)) % (PADDED_WORDS * sizeof(uint64_t)) != 0 ||
		    !has_padded_queue(words, count, i, workers))
			continue;
		*ret_queue = (struct runtime_queue){i + PADDED_LENGTH, i + PADDED_HEAD};
		found++;
	}
	return found == 1;
}

/* Inner of a local queue: a pointer to the buffer and the head, in either order, then the tail in the low half
 * of its word. The head has two indices: the one in the high half differs from the one in the low half while
 * another worker steals. */
static bool read_depth(uint64_t buffer, uint64_t head, uint64_t tail_word, uint64_t *ret_depth)
{
	uint32_t tail = (uint32_t)tail_word;
	uint32_t stolen = (uint32_t)(head >> 32), first = (uint32_t)head;

	if (!is_pointer(buffer) || tail - first > LOCAL_QUEUE_CAPACITY ||
	    tail - stolen > LOCAL_QUEUE_CAPACITY || tail - stolen < tail - first)
		return false;
	*ret_depth = tail - first;
	return true;
}

bool runtime_read_local_queue(const uint64_t words[LOCAL_QUEUE_WORDS], uint64_t *ret_depth)
{
	/* The worker and the scheduler hold the queue; no one has a weak reference. */
	if (words[0] != 2 || words[1] != 1)
		return false;
	return read_depth(words[2], words[3], words[4], ret_depth) ||
	       read_depth(words[3], words[2], words[4], ret_depth);
}

/* A hash map of the hashbrown crate: pointer to the control bytes, number of buckets - 1, free entries, used
 * entries. An entry that was removed may cost a free one until the map is rebuilt. */
static bool is_map(const uint64_t words[4], uint64_t entries)
{
	uint64_t mask = words[1];
	uint64_t capacity = mask < 8 ? mask : (mask + 1) / 8 * 7;

	if (!is_pointer(words[0]) || words[3] != entries)
		return false;
	if (mask == 0)
		return words[2] == 0 && entries == 0;
	return mask < THREAD_LIMIT && is_power_of_two(mask + 1) && words[2] + entries <= capacity;
}

/* Workers are never idle threads of the pool. */
static bool is_pool(const uint64_t threads[3], uint64_t capacity, uint64_t workers)
{
	return threads[0] <= capacity && threads[1] <= threads[0] &&
	       workers <= threads[0] - threads[1] && threads[2] < NUMBER_LIMIT && capacity > 0 &&
	       capacity < THREAD_LIMIT;
}

/* Returns the index of the limit of threads; 0 if there is none. The limit is before the three words; from tokio
 * 1.53 on, the number of workers is in between. */
static size_t find_capacity(const uint64_t *words, size_t threads, uint64_t workers)
{
	if (threads >= 2 && words[threads - 1] == workers &&
	    is_pool(words + threads, words[threads - 2], workers))
		return threads - 2;
	if (threads >= 1 && is_pool(words + threads, words[threads - 1], workers))
		return threads - 1;
	return 0;
}

/* Returns the index of the number of entries of a map with so many entries, below `end`; 0 for none. */
static size_t find_map(const uint64_t *words, size_t end, uint64_t entries)
{
	for (size_t i = 0; i + 4 <= end; i++) {
		if (is_map(words + i, entries))
			return i + 3;
	}
	return 0;
}

/* A pool without threads is all zeros and proves nothing. Another number of the pool is that of all threads ever started, which can pass for the number of threads. The
 * counts are the last field of the pool, so the last place counts. */
bool runtime_find_pool(const uint64_t *words, size_t count, uint64_t workers,
		       struct runtime_pool *ret_pool)
{
	for (size_t i = count; i-- > 1;) {
		bool has_threads = i + 3 <= count && words[i] > 0;
		size_t capacity = has_threads ? find_capacity(words, i, workers) : 0;
		size_t handles = capacity ? find_map(words, capacity, words[i]) : 0;

		if (!handles)
			continue;
		*ret_pool = (struct runtime_pool){i, handles, capacity};
		return true;
	}
	return false;
}

bool runtime_pool_is_valid(const uint64_t *words, const struct runtime_pool *pool, uint64_t workers)
{
	return is_pool(words + pool->threads, words[pool->capacity], workers) &&
	       is_map(words + pool->handles - 3, words[pool->threads]);
}
