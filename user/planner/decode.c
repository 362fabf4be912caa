// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/debug_names.h"
#include "layout/tokio.h"
#include "plan/build.h"
#include "plan/version.h"
#include "planner/codec.h"
#include "planner/format.h"

/* Marks the bytes as malformed unless the condition holds. */
static void require(struct byte_reader *reader, bool holds)
{
	reader->failed |= !holds;
}

static bool is_hexadecimal(const char *text)
{
	return text[strspn(text, "0123456789abcdef")] == '\0';
}

static void decode_texts(struct byte_reader *reader, struct plan *plan)
{
	plan->build_id = byte_reader__text(reader, 2 * BUILD_ID_BYTES_MAX);
	plan->version = byte_reader__text(reader, PLAN_VERSION_BYTES_MAX);
	require(reader, !plan->build_id || is_hexadecimal(plan->build_id));
	require(reader,
		!plan->version || version__is_semantic(plan->version, strlen(plan->version)));
}

static void decode_facts(struct byte_reader *reader, struct plan *plan)
{
	plan->symbol_source =
		(enum elf_symbol_source)byte_reader__u8(reader, (uint8_t)SYMBOLS_DYNSYM);
	plan->function_count = byte_reader__u32(reader, FORMAT_SYMBOLS_MAX);
	plan->has_worker_loop = byte_reader__flag(reader);
	plan->single_has_current_thread = byte_reader__flag(reader);
	plan->single_has_local_set = byte_reader__flag(reader);
	plan->app_status_offset = byte_reader__u32(reader, UINT16_MAX);
	plan->app_result_register = byte_reader__u32(reader, FORMAT_REGISTER_MAX);
	for (size_t i = 0; i < catalogue_strategy_count; i++)
		plan->strategy_path_exists[i] = byte_reader__flag(reader);
}

/* Reads the function of a hook: one of the catalogue; none for a tracepoint. */
static const char *decode_function(struct byte_reader *reader, enum hook hook)
{
	uint8_t index = byte_reader__u8(reader, UINT8_MAX);
	bool is_tracepoint = catalogue_hook__is_tracepoint(hook);
	const char *function =
		index < HOOK_FUNCTION_LIMIT ? catalogue_hooks[hook].functions[index].path : NULL;

	require(reader, is_tracepoint ? index == FORMAT_NO_FUNCTION : function != NULL);
	return reader->failed ? NULL : function;
}

/* The sites of the hooks follow each other. */
static void decode_hooks(struct byte_reader *reader, struct plan *plan)
{
	size_t first = 0;

	for (int i = 0; i < HOOK_COUNT; i++) {
		struct plan_hook *hook = &plan->hooks[i];

		hook->function = decode_function(reader, (enum hook)i);
		hook->function_exists = byte_reader__flag(reader);
		hook->found = byte_reader__u32(reader, FORMAT_SYMBOLS_MAX);
		hook->first_site = first;
		hook->site_count = byte_reader__u32(reader, (uint32_t)(plan->site_count - first));
		require(reader, hook->function || (!hook->found && !hook->site_count));
		require(reader, hook->found || !hook->site_count);
		first += hook->site_count;
	}
	require(reader, first == plan->site_count);
}

static void decode_instruction(struct byte_reader *reader, struct code_site *code)
{
	_cleanup_free_ char *text = byte_reader__text(reader, sizeof(code->instruction) - 1);

	if (text)
		memcpy(code->instruction, text, strlen(text) + 1);
	require(reader, text != NULL);
}

static void decode_site(struct byte_reader *reader, const struct elf_code_map *map,
			struct plan_site *site, struct plan_hook *hook)
{
	struct code_site *code = &site->code;

	site->file_offset = byte_reader__u64(reader);
	code->address = byte_reader__u64(reader);
	code->entry = byte_reader__u64(reader);
	code->cost = (enum code_cost)byte_reader__u8(reader, CODE_COST_SINGLE_STEP);
	code->entry_cost = (enum code_cost)byte_reader__u8(reader, CODE_COST_FORBIDDEN);
	code->may_repeat = byte_reader__flag(reader);
	decode_instruction(reader, code);
	require(reader, code->cost != CODE_COST_UNKNOWN);
	require(reader, elf_code_map__has(map, code->address, site->file_offset));
	require(reader,
		code->entry <= code->address && elf_code_map__has_address(map, code->entry));
	hook->has_expensive_site |= code->cost == CODE_COST_SINGLE_STEP;
}

static void decode_sites(struct byte_reader *reader, const struct elf_code_map *map,
			 struct plan *plan)
{
	plan->sites = calloc(plan->site_count + 1, sizeof(*plan->sites));
	require(reader, plan->sites != NULL);
	for (int i = 0; i < HOOK_COUNT; i++) {
		struct plan_hook *hook = &plan->hooks[i];

		for (size_t s = 0; s < hook->site_count && !reader->failed; s++) {
			struct plan_site *site = &plan->sites[hook->first_site + s];

			site->hook = (enum hook)i;
			decode_site(reader, map, site, hook);
		}
	}
}

/* The list begins with the types of unknown futures. It is empty without tokio. */
static void decode_task_types(struct byte_reader *reader, struct tokio *tokio)
{
	size_t count = byte_reader__u32(reader, KIND_LIMIT);

	tokio->task_types = calloc(count + 1, sizeof(*tokio->task_types));
	require(reader, tokio->task_types && (count == 0 || count >= TASK_TYPE_NAMED));
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct tokio_task_type *type = &tokio->task_types[i];

		type->name = byte_reader__text(reader, FORMAT_NAME_BYTES_MAX);
		type->class = (enum task_class)byte_reader__u8(reader, TASK_LOCAL);
		type->role = (enum task_role)byte_reader__u8(reader, ROLE_COUNT - 1);
		require(reader, type->name && *type->name);
		tokio->task_type_count += type->name != NULL;
	}
}

static void decode_vtables(struct byte_reader *reader, struct tokio *tokio)
{
	size_t count = byte_reader__u32(reader, FORMAT_VTABLES_MAX);

	tokio->vtables = calloc(count + 1, sizeof(*tokio->vtables));
	require(reader, tokio->vtables && (count == 0 || tokio->task_type_count > 0));
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct tokio_vtable *vtable = &tokio->vtables[i];
		uint8_t last = (uint8_t)(tokio->task_type_count - 1);

		vtable->address = byte_reader__u64(reader);
		vtable->kind.index = byte_reader__u8(reader, last);
		vtable->kind.id_word = byte_reader__u8(reader, UINT8_MAX);
		vtable->kind.class = (__u8)tokio->task_types[vtable->kind.index].class;
		vtable->kind.role = (__u8)tokio->task_types[vtable->kind.index].role;
		require(reader, i == 0 || vtable->address > vtable[-1].address);
		tokio->vtable_count++;
	}
}

static void decode_worker_code(struct byte_reader *reader, struct tokio *tokio)
{
	size_t count = byte_reader__u32(reader, TOKIO_WORKER_RANGES_MAX);

	tokio->worker_code = calloc(count + 1, sizeof(*tokio->worker_code));
	require(reader, tokio->worker_code != NULL);
	for (size_t i = 0; i < count && !reader->failed; i++) {
		struct tokio_range *range = &tokio->worker_code[i];

		range->start = byte_reader__u64(reader);
		range->end = byte_reader__u64(reader);
		require(reader, range->start <= range->end);
		tokio->worker_code_count++;
	}
}

static void decode_tokio(struct byte_reader *reader, struct tokio *tokio)
{
	decode_task_types(reader, tokio);
	decode_vtables(reader, tokio);
	decode_worker_code(reader, tokio);
	tokio->context_offset = (int64_t)byte_reader__u64(reader);
	tokio->context_words = byte_reader__u32(reader, TOKIO_CONTEXT_WORDS_MAX);
	tokio->next_id_address = byte_reader__u64(reader);
	tokio->next_list_address = byte_reader__u64(reader);
	tokio->stage_distance = byte_reader__u32(reader, STAGE_DISTANCE_UNSTABLE);
	require(reader, tokio->context_offset > -FORMAT_THREAD_OFFSET_MAX &&
				tokio->context_offset < FORMAT_THREAD_OFFSET_MAX);
	require(reader, !tokio->context_offset || tokio->context_words >= TOKIO_CONTEXT_WORDS_MIN);
	require(reader, tokio->stage_distance == STAGE_DISTANCE ||
				tokio->stage_distance == STAGE_DISTANCE_UNSTABLE);
}

int planner_decode(const void *bytes, size_t size, const struct elf_code_map *map,
		   struct plan **ret_plan, struct error *error)
{
	_cleanup_(plan__freep) struct plan *plan = plan__new();
	struct byte_reader reader = {.at = bytes, .left = size};

	if (!plan)
		return error_out_of_memory(error);
	require(&reader, byte_reader__u32(&reader, UINT32_MAX) == FORMAT_MAGIC);
	decode_texts(&reader, plan);
	decode_facts(&reader, plan);
	plan->site_count = byte_reader__u32(&reader, FORMAT_SITES_MAX);
	decode_hooks(&reader, plan);
	if (!reader.failed)
		decode_sites(&reader, map, plan);
	if (!reader.failed)
		decode_tokio(&reader, &plan->tokio);
	require(&reader, byte_reader__u32(&reader, UINT32_MAX) == FORMAT_MAGIC);
	require(&reader, reader.left == 0);
	if (reader.failed)
		return error_set(error, -EPROTO,
				 "the process that analyses the executable made a malformed plan");
	*ret_plan = TAKE_PTR(plan);
	return 0;
}
