// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/task_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "tokio/list_scan.h"
#include "tokio/memory_walk.h"
#include "tokio/task_header.h"

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
	const struct task_sink *sink;
	struct budget *budget;
	struct candidate *candidates; /* sorted by header, because the walk goes upwards */
	size_t count;
	size_t room;
};

static int add_candidate(struct scan *scan, uint64_t header, uint64_t vtable)
{
	if (budget__spend(scan->budget, BUDGET_CANDIDATES, 1) < 0)
		return -EDQUOT;
	if (scan->count == scan->room) {
		size_t room = scan->room ? scan->room * 2 : 256;
		struct candidate *grown = reallocarray(scan->candidates, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		scan->candidates = grown;
		scan->room = room;
	}
	scan->candidates[scan->count++] = (struct candidate){.header = header, .vtable = vtable};
	return 0;
}

/* First walk: finds task lists, and headers that look alive. */
static int find_candidates(void *context, const struct memory_part *part)
{
	struct scan *scan = context;
	int r = 0;

	if (scan->sink->list)
		r = list_scan__look(part, scan->sink->list, scan->sink->context, scan->budget);
	for (size_t at = 0; at + sizeof(struct task_header) <= part->size && r >= 0;
	     at += HEADER_ALIGNMENT) {
		const struct task_header *header = (const void *)(part->bytes + at);

		if (task_header__is_alive(header, scan->memory))
			r = add_candidate(scan, part->start + at, header->vtable);
	}
	return r;
}

static int compare_candidates(const void *key, const void *item)
{
	uint64_t header = *(const uint64_t *)key;
	uint64_t candidate = ((const struct candidate *)item)->header;

	return (header > candidate) - (header < candidate);
}

/* Second walk: finds lists whose only task is a candidate. */
static int find_lone_owners(void *context, const struct memory_part *part)
{
	struct scan *scan = context;

	for (size_t at = 0; at < part->size; at += sizeof(uint64_t)) {
		const struct pair *pair = (const void *)(part->bytes + at);

		if (at + sizeof(*pair) > part->readable)
			break;
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

/* Each candidate takes some system calls. Returns 0, or -EDQUOT after the time of the scan. */
static int has_time(const struct scan *scan)
{
	return budget__spend(scan->budget, BUDGET_CANDIDATES, 0);
}

static int add_candidates(struct scan *scan)
{
	const struct task_sink *sink = scan->sink;

	for (size_t i = 0; i < scan->count; i++) {
		struct candidate *candidate = &scan->candidates[i];
		int r = has_time(scan);

		if (r == 0)
			r = sink->add(sink->context, candidate->header, candidate->vtable);
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
	struct memory_skipped skipped = {0}; /* the first walk has counted it */
	bool some_are_alone = false;

	for (size_t i = 0; i < scan->count; i++) {
		struct candidate *candidate = &scan->candidates[i];

		if (has_time(scan) < 0)
			return -EDQUOT;
		candidate->is_owned = task_is_linked(scan->memory, candidate->header);
		some_are_alone |= !candidate->is_owned;
	}
	return some_are_alone ? memory_walk(scan->memory->target, find_lone_owners, scan, &skipped,
					    scan->budget)
			      : 0;
}

static bool some_are_running(const struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++) {
		const struct candidate *candidate = &scan->candidates[i];

		if (has_time(scan) < 0)
			return false;
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

/* Removes the added candidates that are no tasks or have ended; returns the number of those that stay. Removes all of
 * them after a scan that was not complete. */
static int remove_the_dead(struct scan *scan, bool is_complete)
{
	const struct task_sink *sink = scan->sink;
	int added = 0;

	for (size_t i = 0; i < scan->count; i++) {
		const struct candidate *candidate = &scan->candidates[i];

		if (!candidate->is_added)
			continue;
		if (is_complete && candidate->is_owned &&
		    task_is_alive(scan->memory, candidate->header, candidate->vtable))
			added++;
		else
			sink->remove(sink->context, candidate->header);
	}
	return added;
}

int tokio_scan_tasks(const struct process *target, const struct tokio *tokio, uint64_t load_bias,
		     const struct task_sink *sink, struct budget *budget,
		     struct memory_skipped *ret_skipped, struct error *error)
{
	const struct task_memory memory = {target, tokio, load_bias};
	struct scan scan = {.memory = &memory, .sink = sink, .budget = budget};
	int kept;
	int r = 0;

	*ret_skipped = (struct memory_skipped){0};
	if (tokio->vtable_count == 0)
		return 0;
	r = memory_walk(target, find_candidates, &scan, ret_skipped, budget);
	if (r >= 0)
		r = add_candidates(&scan);
	if (r >= 0)
		r = find_owners(&scan);
	if (r >= 0)
		await_ends_of_polls(&scan);
	kept = remove_the_dead(&scan, r >= 0);
	free(scan.candidates);
	if (r == -EDQUOT)
		return budget__check(budget, "the initial scan of tasks", error);
	if (r < 0)
		return error_set(error, r, "cannot look for tasks in the memory of process %d: %m",
				 (int)target->pid);
	return kept;
}
