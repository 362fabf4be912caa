// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/read.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "elf/thread_local.h"
#include "elf/variable.h"
#include "layout/tokio.h"
#include "tokio/vtable.h"

/* Functions that are on the stacks of worker threads only: a return address in one of them marks the stack
 * of a worker. */
static const char *const worker_paths[] = {
	"tokio::runtime::scheduler::multi_thread::worker::run",
	"tokio::runtime::scheduler::multi_thread::worker::Context::run",
	"tokio::runtime::scheduler::multi_thread::worker::Context::run_task",
	"tokio::runtime::scheduler::multi_thread::worker::Context::park_internal",
};

static int add_worker_range(void *context, const struct elf_symbol *symbol)
{
	struct tokio *tokio = context;
	struct tokio_range *ranges;

	if (tokio->worker_code_count == TOKIO_WORKER_RANGES_MAX)
		return 0;
	ranges = reallocarray(tokio->worker_code, tokio->worker_code_count + 1, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	tokio->worker_code = ranges;
	ranges[tokio->worker_code_count++] = (struct tokio_range){
		.start = symbol->address,
		.end = symbol->address + symbol->size,
	};
	return 0;
}

static int find_worker_code(const struct elf_executable *executable, struct tokio *tokio,
			    struct error *error)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(worker_paths) && r >= 0; i++)
		r = elf_symbols__find(executable->symbols, worker_paths[i], add_worker_range,
				      tokio);
	return elf_executable__result(executable, r, error);
}

/* Finds tokio's context among the executable's thread-local variables. Its words hold, among others, the
 * id of the task that the thread polls (tokio/src/runtime/context.rs, `Context`). */
static void find_context(const struct elf_executable *executable, struct tokio *tokio)
{
	struct elf_thread_local context = {
		.part = "5tokio7runtime7context7CONTEXT",
		.size_min = TOKIO_CONTEXT_WORDS_MIN * sizeof(uint64_t),
		.size_max = TOKIO_CONTEXT_WORDS_MAX * sizeof(uint64_t),
	};

	if (elf_thread_local__find(executable->image, executable->symbols, &context) < 0)
		return;
	tokio->context_offset = context.offset;
	tokio->context_words = (uint32_t)(context.size / sizeof(uint64_t));
}

/* Finds the counters that the ids of tasks and of task lists are taken from (tokio/src/runtime/task/id.rs,
 * `Id::next`, and list.rs, `get_next_id`). */
static void find_next_ids(const struct elf_executable *executable, struct tokio *tokio)
{
	if (elf_variable__find(executable->symbols, "4task2id", "2Id4next7NEXT_ID",
			       sizeof(uint64_t), &tokio->next_id_address) < 0)
		tokio->next_id_address = 0;
	if (elf_variable__find(executable->symbols, "4task4list", "NEXT_OWNED_TASKS_ID",
			       sizeof(uint64_t), &tokio->next_list_address) < 0)
		tokio->next_list_address = 0;
}

int tokio_read(const struct elf_executable *executable, struct tokio *tokio, struct error *error)
{
	int r = tokio_find_vtables(tokio, executable, error);

	if (r < 0)
		return r;
	r = find_worker_code(executable, tokio, error);
	if (r < 0)
		return r;
	find_context(executable, tokio);
	find_next_ids(executable, tokio);
	return 0;
}
