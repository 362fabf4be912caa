// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "layout/tokio.h"
#include "tokio/list_scan.h"
#include "tokio/runtime_layout.h"
#include "tokio/runtimes.h"

/* This process is the target: it holds the words that tokio's runtimes would have. */

#define WORKERS	     2
#define LIST_AT	     20 /* index of the task list in its page */
#define METRICS_AT   (LIST_AT + 7)
#define OWN_AT	     48 /* of a current-thread runtime's own metrics: a multiple of 16 */
#define PAGE_WORDS   512
#define FIRST_NEW_ID 50 /* runtimes with lower ids are older than the attachment */
#define LINE_WORDS   (WORKER_ALIGNMENT / sizeof(uint64_t))

struct heap {
	uint64_t handle[PAGE_WORDS];
	uint64_t workers[WORKERS][LINE_WORDS];
	uint64_t shards[8][SHARD_WORDS];
	uint64_t behind[PAGE_WORDS];
} __attribute__((aligned(4096)));

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static struct heap *make_heap(void)
{
	struct heap *heap = mmap(NULL, sizeof(*heap), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	cr_assert_neq(heap, MAP_FAILED);
	return heap;
}

static uint64_t *put_list(struct heap *heap, uint64_t shards, uint64_t id)
{
	const uint64_t list[LIST_WORDS] = {
		address_of(heap->shards), shards, 10, 4, shards - 1, id, 0};

	return memcpy(heap->handle + LIST_AT, list, sizeof(list));
}

static void put_worker(uint64_t *words, uint64_t busy_ns, uint64_t parks)
{
	const uint64_t worker[WORKER_WORDS] = {0, 3, busy_ns, 0, parks, 2 * parks};

	memcpy(words, worker, sizeof(worker));
}

static uint64_t *put_multi_thread(struct heap *heap, uint64_t id)
{
	uint64_t *list = put_list(heap, 8, id);

	heap->handle[METRICS_AT] = address_of(heap->workers);
	heap->handle[METRICS_AT + 1] = WORKERS;
	put_worker(heap->workers[0], 100, 21);
	put_worker(heap->workers[1], 200, 0);
	return list;
}

static uint64_t *put_current_thread(struct heap *heap, uint64_t id)
{
	put_worker(heap->handle + OWN_AT, 300, 5);
	return put_list(heap, 4, id);
}

/* The start in ticks is that of the machine: the process has the age of the machine. */
static struct process this_process(void)
{
	return (struct process){.pid = getpid()};
}

Test(tokio_runtimes, counters_of_a_multi_thread_runtime)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};
	struct heap *heap = make_heap();
	uint64_t *list = put_multi_thread(heap, 1);

	cr_assert_eq(runtimes__add(&runtimes, address_of(list)), 1);
	cr_assert_eq(runtimes__add(&runtimes, address_of(list)), 0, "known already");
	cr_assert_eq(runtimes.items[0].place.kind, RUNTIME_MULTI_THREAD);
	cr_assert_eq(runtimes.items[0].place.worker_count, WORKERS);
	list[LIST_SPAWNED] = 15;
	list[LIST_ALIVE] = 6;
	put_worker(heap->workers[1], 250, 7);
	cr_assert_eq(runtimes__read(&runtimes), 0);
	cr_assert_eq(runtimes.items[0].counters->alive, 6);
	cr_assert_eq(runtimes.items[0].counters->spawned - runtimes.items[0].base_spawned, 5);
	/* Six had ended before the first look. */
	cr_assert_eq(runtimes.items[0].ended, 3);
	cr_assert_eq(runtimes.items[0].counters->workers[1].busy_ns -
			     runtimes.items[0].base_workers[1].busy_ns,
		     50);
	cr_assert_eq(runtimes.items[0].counters->workers[1].parks, 7);
	cr_assert_not(runtimes.items[0].counters->has_global_queue);
	cr_assert_not(runtimes.items[0].counters->has_local_queues);
	cr_assert_not(runtimes.items[0].counters->has_pool);
	runtimes__done(&runtimes);
}

Test(tokio_runtimes, a_runtime_younger_than_the_attachment_counts_from_its_start)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};
	uint64_t *list = put_current_thread(make_heap(), FIRST_NEW_ID);

	cr_assert_eq(runtimes__add(&runtimes, address_of(list)), 1);
	cr_assert_eq(runtimes.items[0].place.kind, RUNTIME_CURRENT_THREAD);
	cr_assert_eq(runtimes__read(&runtimes), 0);
	cr_assert_eq(runtimes.items[0].ended, 6);
	cr_assert_eq(runtimes.items[0].counters->worker_count, 1);
	cr_assert_eq(runtimes.items[0].counters->workers[0].busy_ns, 300);
	cr_assert(runtimes.items[0].counters->has_local_queues);
	runtimes__done(&runtimes);
}

Test(tokio_runtimes, memory_that_proves_nothing_is_no_runtime)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};
	struct heap *heap = make_heap();
	uint64_t *list = put_multi_thread(heap, 1);

	/* A copy from before the start, such as one on a stack: no worker has parked. */
	put_worker(heap->workers[0], 0, 0);
	cr_expect_eq(runtimes__add(&runtimes, address_of(list)), 0);
	/* The parity is wrong. */
	put_worker(heap->workers[0], 100, 21);
	heap->workers[1][WORKER_PARKS_AND_UNPARKS] = 2;
	cr_expect_eq(runtimes__add(&runtimes, address_of(list)), 0);
	/* A shard with one end. */
	put_multi_thread(heap, 1);
	heap->shards[2][SHARD_HEAD] = address_of(heap);
	cr_expect_eq(runtimes__add(&runtimes, address_of(list)), 0);
	heap->shards[2][SHARD_HEAD] = 0;
	/* Another number of workers than the shards are for. */
	heap->handle[METRICS_AT + 1] = 1;
	cr_expect_eq(runtimes__add(&runtimes, address_of(list)), 0);
	heap->handle[METRICS_AT + 1] = WORKERS;
	list[LIST_CLOSED] = 1;
	cr_expect_eq(runtimes__add(&runtimes, address_of(list)), 0, "closed");
	list[LIST_CLOSED] = 0;
	cr_expect_eq(runtimes__add(&runtimes, address_of(list)), 1);
	runtimes__done(&runtimes);
}

Test(tokio_runtimes, the_only_task_of_a_runtime_belongs_to_it)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};
	struct heap *heap = make_heap();
	uint64_t *list = put_multi_thread(heap, 7);
	struct task_header *header = (struct task_header *)(void *)heap->behind;

	list[LIST_ALIVE] = 1;
	heap->shards[1][SHARD_HEAD] = heap->shards[1][SHARD_TAIL] = address_of(header);
	header->owner_id = 6;
	cr_expect_eq(runtimes__add(&runtimes, address_of(list)), 0);
	header->owner_id = 7;
	cr_expect_eq(runtimes__add(&runtimes, address_of(list)), 1);
	runtimes__done(&runtimes);
}

Test(tokio_runtimes, a_runtime_that_ends_is_removed)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};
	uint64_t *first = put_multi_thread(make_heap(), 1);
	uint64_t *second = put_current_thread(make_heap(), 2);

	cr_assert_eq(runtimes__add(&runtimes, address_of(first)), 1);
	cr_assert_eq(runtimes__add(&runtimes, address_of(second)), 1);
	first[LIST_CLOSED] = 1;
	cr_assert_eq(runtimes__read(&runtimes), 0);
	cr_assert_eq(runtimes.count, 1);
	cr_assert_eq(runtimes.items[0].place.id, 2);
	cr_assert_eq(runtimes.total, 2);
	/* The memory has another use. */
	second[LIST_ID] = 3;
	cr_assert_eq(runtimes__read(&runtimes), 0);
	cr_assert_eq(runtimes.count, 0);
	runtimes__done(&runtimes);
}

Test(tokio_runtimes, what_cannot_be_read_is_told)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};
	struct heap *heap = make_heap();
	uint64_t *list = put_multi_thread(heap, 1);

	cr_assert_eq(runtimes__add(&runtimes, address_of(list)), 1);
	/* More tasks alive than spawned: never at one moment. */
	list[LIST_ALIVE] = 11;
	cr_assert_eq(runtimes__read(&runtimes), 1);
	cr_assert_eq(runtimes.items[0].state, RUNTIME_UNREADABLE);
	list[LIST_ALIVE] = 4;
	cr_assert_eq(runtimes__read(&runtimes), 0);
	heap->workers[0][WORKER_PARKS]++;
	heap->workers[0][WORKER_PARKS]++;
	cr_assert_eq(runtimes__read(&runtimes), 1);
	put_worker(heap->workers[0], 100, 21);
	cr_assert_eq(munmap(heap->handle, 4096), 0);
	cr_assert_eq(runtimes__read(&runtimes), 1);
	cr_assert_eq(runtimes.count, 1);
	runtimes__done(&runtimes);
}

Test(tokio_runtimes, ended_tasks_never_become_fewer)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};
	uint64_t *list = put_multi_thread(make_heap(), FIRST_NEW_ID);

	cr_assert_eq(runtimes__add(&runtimes, address_of(list)), 1);
	cr_assert_eq(runtimes__read(&runtimes), 0);
	cr_assert_eq(runtimes.items[0].ended, 6);
	list[LIST_ALIVE] = 5; /* its spawn was not seen in the other word */
	cr_assert_eq(runtimes__read(&runtimes), 0);
	cr_assert_eq(runtimes.items[0].ended, 6);
	runtimes__done(&runtimes);
}

Test(tokio_runtimes, no_spawn_and_no_end_is_no_change)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};
	uint64_t *list = put_multi_thread(make_heap(), FIRST_NEW_ID);

	cr_assert_eq(runtimes__add(&runtimes, address_of(list)), 1);
	cr_assert(runtimes__are_unchanged(&runtimes));
	list[LIST_SPAWNED]++;
	cr_assert_not(runtimes__are_unchanged(&runtimes));
	runtimes__done(&runtimes);
}

Test(tokio_runtimes, more_than_the_limit_are_counted)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};

	for (uint64_t id = 1; id <= RUNTIME_LIMIT; id++)
		cr_assert_eq(
			runtimes__add(&runtimes, address_of(put_current_thread(make_heap(), id))),
			1);
	cr_assert_eq(runtimes__add(&runtimes, address_of(put_current_thread(make_heap(), 99))), 0);
	cr_assert_eq(runtimes.left_out, 1);
	runtimes__done(&runtimes);
}

/* The thread that made the runtime may have a copy of the list on its stack, with pointers to the same shards and
 * workers. */
Test(tokio_runtimes, a_copy_from_before_the_start_is_not_used)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};
	struct heap *heap = make_heap(), *stack = make_heap();
	uint64_t *list = put_multi_thread(heap, 1), *copy;

	list[LIST_SPAWNED] = list[LIST_ALIVE] = 0;
	memcpy(stack->handle, heap->handle, sizeof(heap->handle));
	copy = stack->handle + LIST_AT;
	cr_assert_eq(runtimes__add(&runtimes, address_of(copy)), 1, "both say the same");
	list[LIST_SPAWNED] = 5;
	list[LIST_ALIVE] = 3;
	heap->shards[1][SHARD_HEAD] = heap->shards[1][SHARD_TAIL] = address_of(heap->behind);
	cr_assert_eq(runtimes__add(&runtimes, address_of(list)), 0);
	cr_assert_eq(runtimes.count, 1);
	cr_assert_eq(runtimes.items[0].place.list, address_of(list));
	cr_assert_eq(runtimes.items[0].counters->alive, 3);
	cr_assert_eq(runtimes.items[0].base_spawned, 5, "an old runtime");
	cr_assert_eq(runtimes__add(&runtimes, address_of(copy)), 0);
	cr_assert_eq(runtimes.items[0].place.list, address_of(list));
	runtimes__done(&runtimes);
	/* The list in use has tasks in its shards. */
	cr_assert_eq(runtimes__add(&runtimes, address_of(copy)), 0);
	cr_assert_eq(runtimes__add(&runtimes, address_of(list)), 1);
	runtimes__done(&runtimes);
}

/* The metrics of as many workers as a runtime may have. The last worker has malformed metrics. */
static uint64_t (*put_many_workers(void))[LINE_WORDS]
{
	uint64_t(*workers)[LINE_WORDS] =
		mmap(NULL, RUNTIME_WORKER_LIMIT * sizeof(*workers), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	cr_assert_neq(workers, MAP_FAILED);
	for (size_t i = 0; i < RUNTIME_WORKER_LIMIT; i++)
		put_worker(workers[i], 100, 21);
	workers[RUNTIME_WORKER_LIMIT - 1][WORKER_PARKS_AND_UNPARKS] = 1;
	return workers;
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each word around a list may look right until the last worker. */
Test(tokio_runtimes, memory_that_almost_proves_a_runtime_takes_little_time)
{
	struct process target = this_process();
	struct runtimes runtimes = {.target = &target, .first_new_id = FIRST_NEW_ID};
	struct heap *heap = make_heap();
	uint64_t shards = runtime_shards_of(RUNTIME_WORKER_LIMIT);
	uint64_t *list, workers = address_of(put_many_workers());
	double start_s;

	for (size_t i = 0; i + 1 < PAGE_WORDS; i += 2) {
		heap->handle[i] = workers;
		heap->handle[i + 1] = RUNTIME_WORKER_LIMIT;
	}
	list = put_list(heap, shards, 1);
	list[LIST_SHARDS] = address_of(mmap(NULL, shards * SHARD_WORDS * sizeof(uint64_t),
					    PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
	start_s = cpu_seconds();
	cr_expect_eq(runtimes__add(&runtimes, address_of(list)), 0);
	cr_expect_lt(cpu_seconds() - start_s, 0.1);
	runtimes__done(&runtimes);
}

struct search {
	uint64_t wanted;
	unsigned int found;
};

static void on_list(void *context, uint64_t list)
{
	struct search *search = context;

	search->found += list == search->wanted;
}

/* Also behind the end of what the walk reads at once, and in memory that has a file. */
Test(tokio_list_scan, a_list_across_two_parts_is_found_once)
{
	static const size_t chunk = 1 << 20;
	struct process target = this_process();
	uint64_t *memory = mmap(NULL, 2 * chunk, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	const uint64_t list[LIST_WORDS] = {address_of(memory), 8, 10, 4, 7, 1, 0};

	cr_assert_neq(memory, MAP_FAILED);
	for (size_t word = 0; word <= LIST_WORDS; word++) {
		uint64_t *place = memory + chunk / sizeof(*memory) - word;
		struct search search = {.wanted = address_of(place)};

		memcpy(place, list, sizeof(list));
		cr_assert_eq(list_scan__run(&target, on_list, &search), 0);
		cr_assert_eq(search.found, 1, "%zu words before the end", word);
		memset(place, 0, sizeof(list));
	}
}
