// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/plan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "elf/thread_local.h"
#include "layout/hyper.h"
#include "layout/tokio.h"
#include "layout/tungstenite.h"
#include "plan/internal.h"
#include "plan/version.h"
#include "plan/vtables.h"

/* Functions that have only worker threads on their way: a return address in one of them marks its
 * stack as a worker's. */
static const char *const worker_paths[] = {
	"tokio::runtime::scheduler::multi_thread::worker::run",
	"tokio::runtime::scheduler::multi_thread::worker::Context::run",
	"tokio::runtime::scheduler::multi_thread::worker::Context::run_task",
	"tokio::runtime::scheduler::multi_thread::worker::Context::park_internal",
};

static int add_worker_range(void *context, const struct elf_symbol *symbol)
{
	struct plan *plan = context;
	struct plan_range *ranges =
		reallocarray(plan->worker_code, plan->worker_code_count + 1, sizeof(*ranges));

	if (!ranges)
		return -ENOMEM;
	plan->worker_code = ranges;
	ranges[plan->worker_code_count++] = (struct plan_range){
		.start = symbol->address,
		.end = symbol->address + symbol->size,
	};
	return 0;
}

static int find_worker_code(struct plan_builder *builder)
{
	for (size_t i = 0; i < ARRAY_SIZE(worker_paths); i++) {
		if (elf_symbols__find(builder->code->symbols, worker_paths[i], add_worker_range,
				      builder->plan) < 0)
			return error_out_of_memory(builder->error);
	}
	return 0;
}

/* An executable without any of tokio's functions is the wrong one, or tells us nothing. */
static int check_program(const struct plan_builder *builder)
{
	const struct plan *plan = builder->plan;

	for (size_t i = 0; i < HOOK_COUNT; i++) {
		if (plan->hooks[i].found > 0)
			return 0;
	}
	if (plan->symbol_source == SYMBOLS_NONE || plan->symbol_source == SYMBOLS_DYNSYM)
		return error_set(builder->error, -ENOEXEC,
				 "%s is stripped: it names none of its functions. Use a build with "
				 ".symtab (Rust's default release build has it) or install its "
				 "separate debug file (build id %s) below /usr/lib/debug/.build-id",
				 plan->executable_path, plan->build_id ? plan->build_id : "none");
	return error_set(builder->error, -ENOEXEC,
			 "%s is no tokio program: none of tokio's and hyper's functions are among "
			 "its %zu. Choose another process with --pid, --exe or --port",
			 plan->executable_path, plan->function_count);
}

/* Where in the executable's thread-local variables tokio's context is; its words hold, among others, the
 * id of the task that is polled (tokio/src/runtime/context.rs, `Context`). */
static void find_context(const struct plan_builder *builder)
{
	if (elf_thread_local__find(
		    builder->code->image, builder->code->symbols, "5tokio7runtime7context7CONTEXT",
		    TOKIO_CONTEXT_WORDS * sizeof(uint64_t), &builder->plan->context_offset) < 0)
		builder->plan->context_offset = 0;
}

bool plan__can_detach_polls(const struct plan *plan)
{
	if (!plan->context_offset || !plan->hooks[HOOK_TASK_SPAWN].wanted ||
	    !plan->hooks[HOOK_HTTP_PARSE].wanted)
		return false;
	for (size_t i = 0; i < plan->vtable_count; i++) {
		if (!plan->vtables[i].kind.id_word)
			return false;
	}
	return plan->vtable_count > 0;
}

int plan__build(const struct elf_image *image, const struct elf_symbols *symbols,
		const struct plan_kernel *kernel, enum level level, struct plan **ret_plan,
		struct error *error)
{
	_cleanup_(plan__freep) struct plan *plan = calloc(1, sizeof(*plan));
	_cleanup_(plan_code__done) struct plan_code code = {.image = image, .symbols = symbols};
	struct plan_builder builder = {
		.plan = plan,
		.code = &code,
		.error = error,
	};
	int r;

	if (!plan)
		return error_out_of_memory(error);
	plan->kernel = *kernel;
	plan->executable_path = strdup(elf_image__path(image));
	if (!plan->executable_path)
		return error_out_of_memory(error);
	if (elf_image__build_id(image)) {
		plan->build_id = strdup(elf_image__build_id(image));
		if (!plan->build_id)
			return error_out_of_memory(error);
	}
	plan->symbol_source = elf_symbols__source(symbols);
	plan->function_count = elf_symbols__count(symbols);
	plan->encode_head_offset = ENCODE_HEAD_OFFSET;
	plan->head_status_offset = HEAD_STATUS_OFFSET;
	plan->frame_payload_offset = FRAME_PAYLOAD_OFFSET;
	plan->frame_head_offset = FRAME_HEAD_OFFSET;

	/* Damaged relocations cost the vtables, no more. */
	r = elf_pointers__load(image, &code.pointers);
	if (r < 0 && r != -EBADMSG)
		return error_out_of_memory(error);
	r = plan_find_vtables(plan, &code, error);
	if (r >= 0)
		r = plan_find_sites(&builder);
	if (r >= 0)
		r = check_program(&builder);
	if (r >= 0)
		r = find_worker_code(&builder);
	if (r < 0)
		return r;
	if (plan_find_version(image, symbols, &plan->version) < 0)
		return error_out_of_memory(error);
	find_context(&builder);
	plan_choose_strategies(&builder);
	plan_disable_by_level(plan, level);
	*ret_plan = TAKE_PTR(plan);
	return 0;
}

void plan__free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->executable_path);
	free(plan->build_id);
	free(plan->version);
	free(plan->sites);
	for (size_t i = 0; i < plan->kind_count; i++)
		free(plan->kinds[i].name);
	free(plan->kinds);
	free(plan->vtables);
	free(plan->worker_code);
	free(plan);
}

size_t plan__available(const struct plan *plan)
{
	size_t available = 0;

	for (size_t i = 0; i < INSTR_COUNT; i++)
		available += plan->instrumentations[i].strategy != NULL;
	return available;
}

size_t plan__disabled(const struct plan *plan)
{
	size_t disabled_by_level = 0;

	for (size_t i = 0; i < INSTR_COUNT; i++)
		disabled_by_level += plan->instrumentations[i].disabled_by_level;
	return disabled_by_level;
}
