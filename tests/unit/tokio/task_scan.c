// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "tokio/task_header.h"
#include "tokio/task_scan.h"

/* This process is the target: it holds the words that tokio's heap would have. */

#define IDLE	      (UINT64_C(3) << 6 | 8) /* three references, its end is of interest */
#define CELL_BYTES    256
#define TRAILER	      64
#define OWNED_AT      2 /* words of the trailer before the list's pointers */
#define CELL_COUNT    32
#define VTABLE_WORDS  10
#define TRAILER_INDEX 7
#define SINK_CAPACITY 16384

struct cell {
	struct task_header header;
	uint64_t core[4];
	uint64_t trailer[OWNED_AT];
	uint64_t previous;
	uint64_t next;
	uint64_t rest[CELL_BYTES / 8 - 4 - 4 - OWNED_AT - 2];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct cell) == CELL_BYTES, "cell");
_Static_assert(offsetof(struct cell, trailer) == TRAILER, "trailer");

struct heap {
	struct cell cells[CELL_COUNT];
	uint64_t shards[8][2]; /* head and tail of each list */
};

struct world {
	struct heap *heap;
	uint64_t vtables[2][VTABLE_WORDS]; /* asynchronous, blocking */
	struct tokio_vtable planned[2];
	struct tokio tokio;
	struct process target;
	uint64_t known;		  /* already in the set */
	uint64_t ends_when_added; /* before it could be proved alive */
	/* This process also holds the scan's own copies of its memory, which the scan removes again. */
	uint64_t found[SINK_CAPACITY];
	size_t count;
};

static void world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->heap = mmap(NULL, sizeof(struct heap), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	cr_assert_neq(world->heap, MAP_FAILED);
	for (int i = 0; i < 2; i++) {
		world->vtables[i][TRAILER_INDEX] = TRAILER;
		world->planned[i] = (struct tokio_vtable){
			.address = (uint64_t)(uintptr_t)world->vtables[i],
			.kind = {.class = i == 0 ? TASK_ASYNC : TASK_BLOCKING},
		};
	}
	world->tokio.vtables = world->planned;
	world->tokio.vtable_count = 2;
	world->target.pid = getpid();
}

static uint64_t address_of(const struct world *world, size_t index)
{
	return (uint64_t)(uintptr_t)&world->heap->cells[index];
}

static struct cell *put(struct world *world, size_t index, uint64_t state)
{
	struct cell *cell = &world->heap->cells[index];

	cell->header = (struct task_header){
		.state = state,
		.vtable = world->planned[0].address,
		.owner_id = 1,
	};
	return cell;
}

static void link_cells(struct world *world, size_t first, size_t second)
{
	world->heap->cells[first].next = address_of(world, second);
	world->heap->cells[second].previous = address_of(world, first);
}

static int add(void *context, uint64_t header, uint64_t vtable)
{
	struct world *world = context;

	cr_assert_eq(vtable, world->planned[0].address);
	if (header == world->known)
		return 0;
	cr_assert_lt(world->count, SINK_CAPACITY);
	world->found[world->count++] = header;
	if (header == world->ends_when_added)
		((struct task_header *)(uintptr_t)header)->state |= 2;
	return 1;
}

static void remove_task(void *context, uint64_t header)
{
	struct world *world = context;
	size_t at = 0;

	while (world->found[at] != header)
		at++;
	world->found[at] = world->found[--world->count];
}

static bool finds(struct world *world, size_t index)
{
	const struct task_sink sink = {add, remove_task, NULL, world};
	struct memory_skipped skipped;
	struct budget budget;

	world->count = 0;
	budget__init(&budget);
	cr_assert_eq(
		tokio_scan_tasks(&world->target, &world->tokio, 0, &sink, &budget, &skipped, NULL),
		world->count);
	for (size_t i = 0; i < world->count; i++) {
		if (world->found[i] == address_of(world, index))
			return true;
	}
	return false;
}

Test(tokio_task_scan, neighbours_in_a_list_prove_each_other)
{
	struct world world;

	world_init(&world);
	for (size_t i = 0; i < 3; i++)
		put(&world, i, IDLE);
	link_cells(&world, 0, 1);
	link_cells(&world, 1, 2);
	for (size_t i = 0; i < 3; i++)
		cr_assert(finds(&world, i), "task %zu", i);
	cr_assert_eq(world.count, 3);
}

Test(tokio_task_scan, a_task_alone_in_its_list_is_proved_by_the_list)
{
	struct world world;

	world_init(&world);
	put(&world, 5, IDLE);
	cr_assert_not(finds(&world, 5));
	world.heap->shards[3][0] = world.heap->shards[3][1] = address_of(&world, 5);
	cr_assert(finds(&world, 5));
	/* The head of a longer list is not the whole of it. */
	world.heap->shards[3][1] = address_of(&world, 6);
	cr_assert_not(finds(&world, 5));
}

Test(tokio_task_scan, a_freed_cell_that_keeps_its_words_is_no_task)
{
	struct world world;

	world_init(&world);
	for (size_t i = 0; i < 3; i++)
		put(&world, i, IDLE);
	link_cells(&world, 0, 1);
	/* Taken out of the list, the third still points to where it was; no one points back. */
	world.heap->cells[2].previous = address_of(&world, 1);
	cr_assert(finds(&world, 0));
	cr_assert_not(finds(&world, 2));
}

Test(tokio_task_scan, headers_that_make_no_sense_are_not_believed)
{
	static const struct {
		uint64_t state, queue_next, owner_id;
		const char *what;
	} rows[] = {
		{IDLE | 2, 0, 1, "complete"},
		{8, 0, 1, "without a reference"},
		{UINT64_C(1) << 40, 0, 1, "an allocator's pointer for a state"},
		{UINT64_C(3) << 6 | 16, 0, 1, "a waker of no one"},
		{IDLE | 1, 64, 1, "queued while it runs"},
		{IDLE, 64, 1, "queued without being notified"},
		{IDLE, 0, 0, "bound to no runtime"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world world;
		struct cell *cell;

		world_init(&world);
		put(&world, 0, IDLE);
		cell = put(&world, 1, rows[i].state);
		cell->header.queue_next = rows[i].queue_next;
		cell->header.owner_id = rows[i].owner_id;
		link_cells(&world, 0, 1);
		cr_assert_not(finds(&world, 1), "%s", rows[i].what);
		cr_assert(finds(&world, 0), "%s", rows[i].what);
	}
}

Test(tokio_task_scan, running_and_queued_tasks_are_alive)
{
	struct world world;

	world_init(&world);
	put(&world, 0, IDLE | 1);
	put(&world, 1, IDLE | 4)->header.queue_next = address_of(&world, 0);
	link_cells(&world, 0, 1);
	cr_assert(finds(&world, 0));
	cr_assert(finds(&world, 1));
}

Test(tokio_task_scan, blocking_tasks_are_not_counted)
{
	struct world world;

	world_init(&world);
	put(&world, 0, IDLE);
	put(&world, 1, IDLE)->header.vtable = world.planned[1].address;
	link_cells(&world, 0, 1);
	cr_assert(finds(&world, 0));
	cr_assert_not(finds(&world, 1));
}

Test(tokio_task_scan, a_task_that_ends_meanwhile_is_removed_again)
{
	struct world world;

	world_init(&world);
	put(&world, 0, IDLE);
	put(&world, 1, IDLE);
	link_cells(&world, 0, 1);
	world.ends_when_added = address_of(&world, 1);
	cr_assert_not(finds(&world, 1));
	cr_assert(finds(&world, 0));
}

Test(tokio_task_scan, what_is_in_the_set_before_is_not_removed)
{
	struct world world;

	world_init(&world);
	/* The scan cannot prove that the task is alive, but the set has it. */
	put(&world, 0, IDLE);
	world.known = address_of(&world, 0);
	cr_assert_not(finds(&world, 0));
	cr_assert_eq(world.count, 0);
}

/* Scans with one limit lowered. Expects that the scan ends with the sentence, and that no task stays. */
static void expect_excess(struct world *world, enum budget_kind kind, uint64_t limit,
			  const char *noun)
{
	const struct task_sink sink = {add, remove_task, NULL, world};
	struct memory_skipped skipped;
	struct error error = {0};
	struct budget budget;

	world->count = 0;
	budget__init(&budget);
	budget.limits[kind] = limit;
	cr_expect_eq(tokio_scan_tasks(&world->target, &world->tokio, 0, &sink, &budget, &skipped,
				      &error),
		     -EDQUOT);
	cr_expect_eq(world->count, 0);
	cr_expect(strstr(error.message, "the initial scan of tasks exceeds the limit of "), "%s",
		  error.message);
	cr_expect(strstr(error.message, noun), "%s", error.message);
}

Test(tokio_task_scan, has_a_budget)
{
	struct world world;

	world_init(&world);
	for (size_t i = 0; i < 3; i++)
		put(&world, i, IDLE);
	link_cells(&world, 0, 1);
	link_cells(&world, 1, 2);
	cr_expect(finds(&world, 1));
	expect_excess(&world, BUDGET_CANDIDATES, 2, "2 possible tasks");
	expect_excess(&world, BUDGET_HEAP_BYTES, 4096, "4096 bytes of the heap");
	expect_excess(&world, BUDGET_NANOSECONDS, 1, "seconds");
	cr_expect(finds(&world, 1));
}
