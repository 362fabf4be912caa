// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "planner/codec.h"
#include "planner/format.h"

/* The index of the hook's function in the catalogue. */
static uint8_t function_index(enum hook hook, const char *function)
{
	for (uint8_t i = 0; function && i < HOOK_FUNCTION_LIMIT; i++) {
		if (catalogue_hooks[hook].functions[i].path == function)
			return i;
	}
	return FORMAT_NO_FUNCTION;
}

static void encode_hooks(const struct plan *plan, struct byte_writer *writer)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		const struct plan_hook *hook = &plan->hooks[i];

		byte_writer__u8(writer, function_index((enum hook)i, hook->function));
		byte_writer__u8(writer, hook->function_exists);
		byte_writer__u32(writer, (uint32_t)hook->found);
		byte_writer__u32(writer, (uint32_t)hook->site_count);
	}
}

static void encode_sites(const struct plan *plan, struct byte_writer *writer)
{
	for (size_t i = 0; i < plan->site_count; i++) {
		const struct plan_site *site = &plan->sites[i];

		byte_writer__u64(writer, site->file_offset);
		byte_writer__u64(writer, site->code.address);
		byte_writer__u64(writer, site->code.entry);
		byte_writer__u8(writer, (uint8_t)site->code.cost);
		byte_writer__u8(writer, (uint8_t)site->code.entry_cost);
		byte_writer__u8(writer, site->code.may_repeat);
		byte_writer__text(writer, site->code.instruction);
	}
}

static void encode_lists(const struct tokio *tokio, struct byte_writer *writer)
{
	byte_writer__u32(writer, (uint32_t)tokio->task_type_count);
	for (size_t i = 0; i < tokio->task_type_count; i++) {
		byte_writer__text(writer, tokio->task_types[i].name);
		byte_writer__u8(writer, (uint8_t)tokio->task_types[i].class);
		byte_writer__u8(writer, (uint8_t)tokio->task_types[i].role);
	}
	byte_writer__u32(writer, (uint32_t)tokio->vtable_count);
	for (size_t i = 0; i < tokio->vtable_count; i++) {
		byte_writer__u64(writer, tokio->vtables[i].address);
		byte_writer__u8(writer, tokio->vtables[i].kind.index);
		byte_writer__u8(writer, tokio->vtables[i].kind.id_word);
	}
	byte_writer__u32(writer, (uint32_t)tokio->worker_code_count);
	for (size_t i = 0; i < tokio->worker_code_count; i++) {
		byte_writer__u64(writer, tokio->worker_code[i].start);
		byte_writer__u64(writer, tokio->worker_code[i].end);
	}
}

static void encode_tokio(const struct tokio *tokio, struct byte_writer *writer)
{
	encode_lists(tokio, writer);
	byte_writer__u64(writer, (uint64_t)tokio->context_offset);
	byte_writer__u32(writer, tokio->context_words);
	byte_writer__u64(writer, tokio->next_id_address);
	byte_writer__u64(writer, tokio->next_list_address);
	byte_writer__u32(writer, tokio->stage_distance);
}

void planner_encode(const struct plan *plan, struct byte_writer *writer)
{
	byte_writer__u32(writer, FORMAT_MAGIC);
	byte_writer__text(writer, plan->build_id);
	byte_writer__text(writer, plan->version);
	byte_writer__u8(writer, (uint8_t)plan->symbol_source);
	byte_writer__u32(writer, (uint32_t)plan->function_count);
	byte_writer__u8(writer, plan->has_worker_loop);
	byte_writer__u8(writer, plan->single_has_current_thread);
	byte_writer__u8(writer, plan->single_has_local_set);
	byte_writer__u32(writer, plan->app_status_offset);
	byte_writer__u32(writer, plan->app_result_register);
	for (size_t i = 0; i < catalogue_strategy_count; i++)
		byte_writer__u8(writer, plan->strategy_path_exists[i]);
	byte_writer__u32(writer, (uint32_t)plan->site_count);
	encode_hooks(plan, writer);
	encode_sites(plan, writer);
	encode_tokio(&plan->tokio, writer);
	byte_writer__u32(writer, FORMAT_MAGIC);
}
