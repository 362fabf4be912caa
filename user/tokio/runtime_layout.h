/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_RUNTIME_LAYOUT_H
#define SCOTTYSCOPE_TOKIO_RUNTIME_LAYOUT_H

/* Recognises tokio's counters among words of memory (layout/tokio.h). Each function checks relations that
 * hold in every state of a runtime. The words may be anything. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout/tokio.h"

/* tokio makes at most so many shards (tokio/src/runtime/task/list.rs). */
#define SHARD_LIMIT 65536

/* Whether the words are those of a runtime's task list: the number of shards is a power of two and fits the
 * mask, no more tasks are alive than were spawned, the id is plausible. */
bool runtime_list_is_valid(const uint64_t words[LIST_WORDS]);

/* Whether the runtime of a valid list shuts down or has shut down. */
bool runtime_list_is_closed(const uint64_t words[LIST_WORDS]);

/* Whether the words are those of a shard: a mutex of the standard library or of parking_lot, and either both
 * ends of the list or neither. */
bool runtime_shard_is_valid(const uint64_t words[SHARD_WORDS]);

/* The layouts of a worker's metrics: without and with tokio_unstable. */
enum worker_layout {
	WORKER_STABLE,
	WORKER_UNSTABLE,
	WORKER_LAYOUTS,
};

/* Returns the size of the metrics in bytes. */
size_t runtime_worker_bytes(enum worker_layout layout);

/* The number of words that runtime_order_worker() reads, in any layout. */
#define WORKER_RAW_WORDS 12

/* Puts the words of a worker's metrics into the order of enum worker_word. */
void runtime_order_worker(enum worker_layout layout, const uint64_t raw[WORKER_RAW_WORDS],
			  uint64_t ret_words[WORKER_WORDS]);

/* Whether the words are those of a worker's metrics: the second counter of parks fits the first, and the
 * worker was busy for at most `uptime_ns`. */
bool runtime_worker_is_valid(const uint64_t words[WORKER_WORDS], uint64_t uptime_ns);

/* Returns the number of shards that tokio makes for a number of workers; 0 if tokio does not allow the
 * number. */
uint64_t runtime_shards_of(uint64_t workers);

/* The place of the scheduler's queue data in a window of words. */
struct runtime_queue {
	size_t length; /* index of the word with the length of the global queue */
	size_t head;   /* index of the word with its first task */
};

/* Finds the global queue of a multi-thread runtime with that number of workers. The queue's place follows
 * from the two parts of the scheduler's idle state, which check each other: the number of unparked workers,
 * and the list of sleeping workers. `address` is that of `words`. Returns false unless exactly one place
 * fits. */
bool runtime_find_queue(const uint64_t *words, size_t count, uint64_t address, uint64_t workers,
			struct runtime_queue *ret_queue);

/* A worker's local queue: the words behind the counts of an Arc. Sets `*ret_depth` and returns true if the
 * words are those of a queue. */
#define LOCAL_QUEUE_WORDS 5
bool runtime_read_local_queue(const uint64_t words[LOCAL_QUEUE_WORDS], uint64_t *ret_depth);

/* The index of the first of three words in the pool of blocking threads: number of threads, of idle ones,
 * and of queued closures. */
struct runtime_pool {
	size_t threads;	 /* index of the three words */
	size_t handles;	 /* index of the number of entries in the map of join handles */
	size_t capacity; /* index of the limit of threads */
};

/* Finds these words. The pool has a hash map with a join handle for each thread, whose size, capacity and
 * number of entries fit each other and the number of threads. `workers` is the least number of threads: a
 * multi-thread runtime starts its workers in the pool. Returns false if no place fits. */
bool runtime_find_pool(const uint64_t *words, size_t count, uint64_t workers,
		       struct runtime_pool *ret_pool);

/* Whether the words at a pool's place still fit each other. */
bool runtime_pool_is_valid(const uint64_t *words, const struct runtime_pool *pool,
			   uint64_t workers);

#endif
