// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "base/array.h"
#include "tokio/runtime_layout.h"

#define POINTER	 UINT64_C(0x55dc91953d80)
#define UPTIME	 UINT64_C(1000000000)
#define GARBAGE	 UINT64_C(0x550000000000) /* padding next to a small value of 0 */
#define WORKERS	 2
#define CAPACITY 514

/* The words of a list with two workers, as tokio 1.52 has them after ten spawns. */
static const uint64_t list[LIST_WORDS] = {POINTER, 8, 10, 4, 7, 1, 0};

static bool list_is_valid_with(size_t word, uint64_t value)
{
	uint64_t words[LIST_WORDS];

	memcpy(words, list, sizeof(words));
	words[word] = value;
	return runtime_list_is_valid(words);
}

Test(tokio_runtime_layout, a_list_proves_itself)
{
	cr_expect(runtime_list_is_valid(list));
	cr_expect(list_is_valid_with(LIST_ALIVE, 10));
	cr_expect(list_is_valid_with(LIST_CLOSED, GARBAGE), "padding behind the flag");
	cr_expect_not(list_is_valid_with(LIST_ALIVE, 11), "more alive than spawned");
	cr_expect_not(list_is_valid_with(LIST_SHARD_COUNT, 12), "no power of two");
	cr_expect_not(list_is_valid_with(LIST_SHARD_COUNT, 16), "the mask does not fit");
	cr_expect_not(list_is_valid_with(LIST_SHARD_MASK, 3), "the mask does not fit");
	cr_expect_not(list_is_valid_with(LIST_SHARDS, 0), "no shards");
	cr_expect_not(list_is_valid_with(LIST_SHARDS, POINTER + 1), "shards out of line");
	cr_expect_not(list_is_valid_with(LIST_ID, 0), "no id");
	cr_expect_not(list_is_valid_with(LIST_ID, POINTER), "a pointer for an id");
	cr_expect_not(list_is_valid_with(LIST_CLOSED, POINTER), "a pointer for a flag");
}

Test(tokio_runtime_layout, a_closed_list_is_valid_and_closed)
{
	uint64_t words[LIST_WORDS];

	memcpy(words, list, sizeof(words));
	cr_expect_not(runtime_list_is_closed(words));
	words[LIST_CLOSED] = GARBAGE | 1;
	cr_expect(runtime_list_is_valid(words));
	cr_expect(runtime_list_is_closed(words));
}

Test(tokio_runtime_layout, a_shard_has_both_ends_or_none)
{
	static const struct {
		uint64_t words[SHARD_WORDS];
		bool is_valid;
		const char *what;
	} rows[] = {
		{{0, 0, 0}, true, "empty"},
		{{GARBAGE | 2, POINTER, POINTER}, true, "locked, one task"},
		{{0, POINTER, POINTER + 64}, true, "two tasks"},
		{{0, POINTER, 0}, false, "a head without a tail"},
		{{0, 0, POINTER}, false, "a tail without a head"},
		{{POINTER | 0xff, 0, 0}, false, "no mutex"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(runtime_shard_is_valid(rows[i].words), rows[i].is_valid, "%s",
			     rows[i].what);
}

Test(tokio_runtime_layout, the_parity_of_parks_proves_a_worker)
{
	static const struct {
		uint64_t words[WORKER_WORDS];
		bool is_valid;
		const char *what;
	} rows[] = {
		{{0, 1, 100, 0, 21, 42}, true, "awake"},
		{{0, 1, 100, 0, 21, 41}, true, "parked"},
		{{GARBAGE | 1, 1, UPTIME, 5, 0, 0}, true, "locked, never parked"},
		{{0, 1, 100, 0, 21, 40}, false, "two parks too few"},
		{{0, 1, 100, 0, 21, 43}, false, "more unparks than parks"},
		{{0, 1, UPTIME + 1, 0, 21, 42}, false, "busy for longer than the process runs"},
		{{3, 1, 100, 0, 21, 42}, false, "no mutex"},
		{{0, POINTER, 100, 0, 21, 42}, false, "a pointer for a thread"},
		{{0, 1, 100, POINTER, 21, 42}, false, "a pointer for a depth"},
		{{0, 1, 100, 0, UINT64_MAX, UINT64_MAX - 1}, false, "an overflow"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(runtime_worker_is_valid(rows[i].words, UPTIME), rows[i].is_valid, "%s",
			     rows[i].what);
}

Test(tokio_runtime_layout, shards_follow_from_workers)
{
	cr_expect_eq(runtime_shards_of(0), 0);
	cr_expect_eq(runtime_shards_of(1), 4);
	cr_expect_eq(runtime_shards_of(2), 8);
	cr_expect_eq(runtime_shards_of(3), 16);
	cr_expect_eq(runtime_shards_of(64), 256);
	cr_expect_eq(runtime_shards_of(65), 512);
	cr_expect_eq(runtime_shards_of(65536), 65536);
	cr_expect_eq(runtime_shards_of(65537), 0);
}

/* tokio 1.52: the queue, Idle, and the sleepers follow each other. */
static void put_adjacent(uint64_t *words, uint64_t length, uint64_t unparked, uint64_t sleepers)
{
	const uint64_t queue[] = {
		length,
		unparked << 16,
		WORKERS,
		GARBAGE,
		WORKERS,
		POINTER,
		sleepers,
		length ? POINTER : 0,
		length ? POINTER : 0,
	};

	memcpy(words, queue, sizeof(queue));
}

Test(tokio_runtime_layout, the_idle_state_proves_the_global_queue)
{
	uint64_t words[40] = {0};
	struct runtime_queue queue;

	cr_expect_not(runtime_find_queue(words, ARRAY_SIZE(words), POINTER, WORKERS, &queue));
	put_adjacent(words + 5, 0, 0, WORKERS);
	cr_expect(runtime_find_queue(words, ARRAY_SIZE(words), POINTER, WORKERS, &queue));
	cr_expect_eq(queue.length, 5);
	cr_expect_eq(queue.head, 12);
	put_adjacent(words + 5, 1, WORKERS, 0);
	cr_expect(runtime_find_queue(words, ARRAY_SIZE(words), POINTER, WORKERS, &queue));
	/* One worker is unparked, and the list of sleepers has both. */
	put_adjacent(words + 5, 0, 1, WORKERS);
	cr_expect_not(runtime_find_queue(words, ARRAY_SIZE(words), POINTER, WORKERS, &queue));
	/* A length without a first task. */
	put_adjacent(words + 5, 0, 0, WORKERS);
	words[5] = 1;
	cr_expect_not(runtime_find_queue(words, ARRAY_SIZE(words), POINTER, WORKERS, &queue));
}

Test(tokio_runtime_layout, two_places_that_fit_are_no_find)
{
	uint64_t words[40] = {0};
	struct runtime_queue queue;

	put_adjacent(words + 5, 0, 0, WORKERS);
	put_adjacent(words + 20, 0, 0, WORKERS);
	cr_expect_not(runtime_find_queue(words, ARRAY_SIZE(words), POINTER, WORKERS, &queue));
}

/* tokio 1.54: the queue and Idle are in cache lines of their own, the sleepers elsewhere. */
Test(tokio_runtime_layout, a_padded_queue_is_found)
{
	static const uint64_t start = 0x1000;
	uint64_t words[80] = {0};
	struct runtime_queue queue;

	words[16] = GARBAGE;
	words[16 + 16 + 1] = WORKERS; /* Idle: no worker is unparked */
	words[50] = GARBAGE;
	words[51] = WORKERS;
	words[52] = POINTER;
	words[53] = WORKERS;
	cr_expect(runtime_find_queue(words, ARRAY_SIZE(words), start, WORKERS, &queue));
	cr_expect_eq(queue.head, 17);
	cr_expect_eq(queue.length, 20);
	cr_expect_not(runtime_find_queue(words, ARRAY_SIZE(words), start + 64, WORKERS, &queue),
		      "not at a cache line");
	words[53] = 1; /* one sleeps, and none is unparked */
	cr_expect_not(runtime_find_queue(words, ARRAY_SIZE(words), start, WORKERS, &queue));
}

Test(tokio_runtime_layout, a_local_queue_is_the_difference_of_its_indices)
{
	static const struct {
		uint64_t words[LOCAL_QUEUE_WORDS];
		bool is_valid;
		uint64_t depth;
		const char *what;
	} rows[] = {
		{{2, 1, POINTER, 0, 0}, true, 0, "empty"},
		{{2, 1, POINTER, UINT64_C(7) << 32 | 7, GARBAGE << 16 | 10}, true, 3, "three"},
		{{2, 1, UINT64_C(7) << 32 | 7, POINTER, 10}, true, 3, "the buffer behind the head"},
		{{2, 1, POINTER, UINT64_C(5) << 32 | 7, 10}, true, 3, "two are being stolen"},
		{{2, 1, POINTER, UINT64_C(0xffffffff) << 32 | 0xffffffff, 1}, true, 2, "a wrap"},
		{{2, 1, POINTER, 0, 256}, true, 256, "full"},
		{{2, 1, POINTER, 0, 257}, false, 0, "more than fit"},
		{{3, 1, POINTER, 0, 0}, false, 0, "another Arc"},
		{{2, 1, 0, 0, 0}, false, 0, "no buffer"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t depth = 0;

		cr_expect_eq(runtime_read_local_queue(rows[i].words, &depth), rows[i].is_valid,
			     "%s", rows[i].what);
		cr_expect_eq(depth, rows[i].depth, "%s", rows[i].what);
	}
}

/* The pool's memory: a map of join handles, and the counts. `scheduler` is there from tokio 1.53 on. */
static void put_pool(uint64_t words[32], uint64_t entries, bool has_scheduler,
		     const uint64_t threads[3])
{
	const uint64_t map[] = {POINTER, entries < 4 ? 3 : 7, 0, entries};
	uint64_t *counts = words + 29;

	memset(words, 0, 32 * sizeof(*words));
	memcpy(words + 10, map, sizeof(map));
	memcpy(counts, threads, 3 * sizeof(*threads));
	if (has_scheduler)
		*--counts = WORKERS;
	*--counts = CAPACITY;
}

Test(tokio_runtime_layout, the_join_handles_prove_the_pool)
{
	uint64_t words[32];
	struct runtime_pool pool;

	for (int has_scheduler = 0; has_scheduler < 2; has_scheduler++) {
		put_pool(words, 7, has_scheduler, (const uint64_t[]){7, 3, 1});
		cr_expect(runtime_find_pool(words, 32, WORKERS, &pool));
		cr_expect_eq(pool.threads, 29);
		cr_expect_eq(pool.handles, 13);
		cr_expect(runtime_pool_is_valid(words, &pool, WORKERS));
		/* The workers only. */
		put_pool(words, 2, has_scheduler, (const uint64_t[]){2, 0, 0});
		cr_expect(runtime_find_pool(words, 32, WORKERS, &pool));
		cr_expect_eq(pool.threads, 29);
		/* A thread without a handle; more idle threads than there are besides the workers. */
		put_pool(words, 6, has_scheduler, (const uint64_t[]){7, 3, 1});
		cr_expect_not(runtime_find_pool(words, 32, WORKERS, &pool));
		put_pool(words, 7, has_scheduler, (const uint64_t[]){7, 6, 1});
		cr_expect_not(runtime_find_pool(words, 32, WORKERS, &pool));
		/* Fewer threads than workers. */
		put_pool(words, 1, has_scheduler, (const uint64_t[]){1, 0, 0});
		cr_expect_not(runtime_find_pool(words, 32, WORKERS, &pool));
	}
}

Test(tokio_runtime_layout, a_pool_that_changes_is_proved_again)
{
	uint64_t words[32];
	struct runtime_pool pool;

	put_pool(words, 7, false, (const uint64_t[]){7, 3, 1});
	cr_assert(runtime_find_pool(words, 32, WORKERS, &pool));
	words[pool.threads] = 8; /* the handle of the eighth thread is still missing */
	cr_expect_not(runtime_pool_is_valid(words, &pool, WORKERS));
	words[pool.handles] = 8;
	words[pool.handles - 2] = 15;
	cr_expect(runtime_pool_is_valid(words, &pool, WORKERS));
}

/* The number of threads ever started, behind a word that could be a limit. */
Test(tokio_runtime_layout, the_counts_are_the_last_place_that_fits)
{
	uint64_t words[32];
	struct runtime_pool pool;

	put_pool(words, 7, false, (const uint64_t[]){7, 3, 1});
	words[20] = 1024;
	words[21] = 7;
	cr_assert(runtime_find_pool(words, 32, WORKERS, &pool));
	cr_expect_eq(pool.threads, 29);
	cr_expect_eq(pool.capacity, 28);
}

Test(tokio_runtime_layout, a_pool_without_threads_proves_nothing)
{
	uint64_t words[32];
	struct runtime_pool pool;

	put_pool(words, 0, false, (const uint64_t[]){0, 0, 0});
	words[11] = 0; /* an empty map has one bucket */
	cr_expect_not(runtime_find_pool(words, 32, 0, &pool));
	put_pool(words, 1, false, (const uint64_t[]){1, 1, 0});
	cr_expect(runtime_find_pool(words, 32, 0, &pool));
	put_pool(words, 0, false, (const uint64_t[]){0, 0, 0});
	words[11] = 0;
	cr_expect(runtime_pool_is_valid(words, &pool, 0), "its threads have ended");
}

/* As a build of tokio 1.52 with tokio_unstable has them. */
Test(tokio_runtime_layout, unstable_metrics_have_another_order)
{
	static const uint64_t raw[WORKER_RAW_WORDS] = {
		3, POINTER, POINTER, POINTER, POINTER, 0, 106900, 5, 0, 2, 6, 11};
	uint64_t words[WORKER_WORDS];

	runtime_order_worker(WORKER_UNSTABLE, raw, words);
	cr_expect(runtime_worker_is_valid(words, UPTIME));
	cr_expect_eq(words[WORKER_BUSY_NS], 106900);
	cr_expect_eq(words[WORKER_QUEUE_DEPTH], 5);
	cr_expect_eq(words[WORKER_THREAD], 2);
	cr_expect_eq(words[WORKER_PARKS], 6);
	runtime_order_worker(WORKER_STABLE, raw, words);
	cr_expect_not(runtime_worker_is_valid(words, UPTIME));
	cr_expect_eq(runtime_worker_bytes(WORKER_UNSTABLE),
		     2 * runtime_worker_bytes(WORKER_STABLE));
}
