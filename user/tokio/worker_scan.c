// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/worker_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* The part of a stack that is read, from the stack pointer towards the base, where the worker loop's frames
 * are. */
#define STACK_BYTES	  ((size_t)256 * 1024)
#define STACK_CHUNK_BYTES 4096

#define ATTEMPTS     5
#define ATTEMPT_NS   (2 * NS_PER_MS)
#define THREAD_LIMIT 4096

struct scan {
	const struct process *target;
	const struct tokio *tokio;
	uint64_t load_bias;
	stack_lookup lookup;
	void *context;
	struct budget *budget;
	unsigned char *stack;
	int workers;
	pid_t *running; /* threads without a known stack pointer; 0: done */
	size_t running_count;
	bool retry;
};

static bool is_worker_code(const struct scan *scan, uint64_t word)
{
	uint64_t address = word - scan->load_bias;

	for (size_t i = 0; i < scan->tokio->worker_code_count; i++) {
		const struct tokio_range *range = &scan->tokio->worker_code[i];

		/* A return address follows a call, so it is never the first byte of the function. */
		if (address > range->start && address <= range->end)
			return true;
	}
	return false;
}

static bool stack_is_workers(const struct scan *scan, uint64_t stack_pointer)
{
	uint64_t start = stack_pointer & ~UINT64_C(7);
	size_t got = 0;

	/* Page by page: a read across the end of the stack fails as a whole. */
	while (got < STACK_BYTES) {
		size_t step = 4096 - (size_t)((start + got) & 4095);
		ssize_t size = process__read_memory(scan->target, start + got, scan->stack, step);

		if (size <= 0)
			return false;
		for (size_t at = 0; at + 8 <= (size_t)size; at += 8) {
			uint64_t word;

			memcpy(&word, scan->stack + at, sizeof(word));
			if (is_worker_code(scan, word))
				return true;
		}
		got += step;
	}
	return false;
}

static bool is_pending(const struct scan *scan, pid_t tid)
{
	for (size_t i = 0; i < scan->running_count; i++) {
		if (scan->running[i] == tid)
			return true;
	}
	return false;
}

/* Counts a thread if it is a worker. A thread that was a worker before may now wait in the pool of blocking
 * threads, and its stack may still hold addresses of worker code. Such a thread waits with a timeout; an idle
 * worker waits without one. */
static int inspect_thread(void *context, const struct process_thread *thread)
{
	struct scan *scan = context;
	uint64_t stack_pointer = thread->stack_pointer;
	pid_t tid = thread->tid;

	if (budget__spend(scan->budget, BUDGET_CANDIDATES, 1) < 0)
		return -EDQUOT;
	if (scan->retry && !is_pending(scan, tid))
		return 0;
	if (!stack_pointer)
		stack_pointer = scan->lookup(scan->context, tid);
	if (!stack_pointer) {
		if (!scan->retry && scan->running_count < THREAD_LIMIT)
			scan->running[scan->running_count++] = tid;
		return 0;
	}
	for (size_t i = 0; i < scan->running_count; i++) {
		if (scan->running[i] == tid)
			scan->running[i] = 0;
	}
	if (!thread->waits_with_timeout && stack_is_workers(scan, stack_pointer))
		scan->workers++;
	return 0;
}

static bool some_are_running(const struct scan *scan)
{
	for (size_t i = 0; i < scan->running_count; i++) {
		if (scan->running[i])
			return true;
	}
	return false;
}

static int inspect_threads(struct scan *scan)
{
	struct timespec pause = {.tv_nsec = (long)ATTEMPT_NS};
	int r = 0;

	for (int attempt = 0; attempt < ATTEMPTS && r == 0; attempt++) {
		if (attempt > 0)
			nanosleep(&pause, NULL);
		scan->retry = attempt > 0;
		r = process__for_each_thread(scan->target, inspect_thread, scan);
		if (!some_are_running(scan))
			break;
	}
	return r;
}

int tokio_scan_workers(const struct process *target, const struct tokio *tokio, uint64_t load_bias,
		       stack_lookup lookup, void *context, struct budget *budget,
		       struct error *error)
{
	_cleanup_free_ unsigned char *stack = malloc(STACK_CHUNK_BYTES);
	_cleanup_free_ pid_t *running = calloc(THREAD_LIMIT, sizeof(*running));
	struct scan scan = {
		.target = target,
		.tokio = tokio,
		.load_bias = load_bias,
		.lookup = lookup,
		.context = context,
		.budget = budget,
		.stack = stack,
		.running = running,
	};
	int r;

	if (!stack || !running)
		return error_out_of_memory(error);
	r = inspect_threads(&scan);
	/* The stack of the main thread begins with the environment, which may hold secrets. */
	explicit_bzero(stack, STACK_CHUNK_BYTES);
	if (r == -EDQUOT)
		return budget__check(budget, "the search for workers", error);
	if (r < 0)
		return error_set(error, r, "cannot list the threads of process %d: %m",
				 (int)target->pid);
	return scan.workers;
}
