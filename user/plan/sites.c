// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/exit.h"
#include "elf/references.h"
#include "plan/internal.h"
#include "plan/outlined.h"

/* The copies of a function that a hook may be in. */
struct search {
	struct plan_builder *builder;
	enum hook hook;
	const struct catalogue_site *function;
};

static int add_site(struct search *search, const struct code_site *code)
{
	struct plan_builder *builder = search->builder;
	struct plan *plan = builder->plan;
	struct plan_hook *planned = &plan->hooks[search->hook];
	struct plan_site site = {.hook = search->hook, .code = *code};

	if (code->cost == CODE_COST_FORBIDDEN ||
	    elf_image__code_offset(builder->code->image, code->address, &site.file_offset) < 0)
		return 0;
	if (plan->site_count == builder->site_room) {
		size_t room = builder->site_room ? builder->site_room * 2 : 16;
		struct plan_site *sites = reallocarray(plan->sites, room, sizeof(*sites));

		if (!sites)
			return error_out_of_memory(builder->error);
		plan->sites = sites;
		builder->site_room = room;
	}
	plan->sites[plan->site_count++] = site;
	planned->site_count++;
	if (code->cost == CODE_COST_SINGLE_STEP)
		planned->has_expensive_site = 1;
	return 0;
}

static int add_exits(struct search *search, const struct elf_symbol *symbol)
{
	struct code_site exits[CODE_EXIT_LIMIT];
	int r = code_find_exits(search->builder->code->image, symbol->address, symbol->size, exits,
				search->builder->error);

	for (int i = 0, count = r; i < count && r >= 0; i++)
		r = add_site(search, &exits[i]);
	return r;
}

static int add_entry(struct search *search, const struct elf_symbol *symbol)
{
	const struct catalogue_hook *hook = &catalogue_hooks[search->hook];
	struct code_site code;
	/* A return is found by what the entry's call left on the stack, so the site is the entry. */
	uint64_t size = hook->place == PLACE_RETURN ? 0 : symbol->size;
	int r = code_find_site(search->builder->code->image, symbol->address, size,
			       search->function->keep, hook->repeat_ok, &code,
			       search->builder->error);

	return r < 0 ? r : add_site(search, &code);
}

static int add_copy(void *context, const struct elf_symbol *symbol)
{
	struct search *search = context;
	const struct catalogue_hook *hook = &catalogue_hooks[search->hook];
	int r = hook->place == PLACE_EXITS ? add_exits(search, symbol) : add_entry(search, symbol);

	if (r < 0)
		return error_prefix(search->builder->error, r, "cannot plan hook %s", hook->name);
	search->builder->plan->hooks[search->hook].found++;
	return 0;
}

/* The sites of a hook: in all copies of the first of its functions that can be probed, or of all of
 * them. */
static int find_sites_of(struct plan_builder *builder, enum hook hook)
{
	struct plan_hook *planned = &builder->plan->hooks[hook];
	struct search search = {.builder = builder, .hook = hook};

	planned->first_site = builder->plan->site_count;
	for (size_t f = 0; f < HOOK_FUNCTION_LIMIT; f++) {
		const struct catalogue_site *function = &catalogue_hooks[hook].functions[f];
		int r;

		if (!function->path ||
		    (planned->site_count > 0 && !catalogue_hooks[hook].in_all_functions))
			break;
		if (!planned->function)
			planned->function = function->path;
		if (function->percent_of_polls >
		    plan_percent_of_polls(builder->plan, builder->code, function->path))
			continue;
		search.function = function;
		r = elf_symbols__find(builder->code->symbols, function->path, add_copy, &search);
		if (r < 0)
			return r;
		if (r > 0)
			planned->function = function->path;
	}
	return 0;
}

static int compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* Gives up the sites of hooks of which no function is used anywhere: the calls are inlined. */
static int drop_unused(struct plan_builder *builder)
{
	struct plan *plan = builder->plan;
	_cleanup_free_ uint64_t *entries = calloc(plan->site_count + 1, sizeof(*entries));
	_cleanup_free_ _Bool *used = calloc(plan->site_count + 1, sizeof(*used));

	if (!entries || !used)
		return error_out_of_memory(builder->error);
	for (size_t i = 0; i < plan->site_count; i++)
		entries[i] = plan->sites[i].code.entry;
	if (plan->site_count > 0)
		qsort(entries, plan->site_count, sizeof(*entries), compare_addresses);
	code_find_references(builder->code->image, &builder->code->pointers, entries,
			     plan->site_count, used);
	for (size_t i = 0; i < HOOK_COUNT; i++) {
		struct plan_hook *hook = &plan->hooks[i];
		size_t used_sites = 0;

		for (size_t s = 0; s < hook->site_count; s++) {
			const uint64_t *entry =
				bsearch(&plan->sites[hook->first_site + s].code.entry, entries,
					plan->site_count, sizeof(*entries), compare_addresses);

			used_sites += used[entry - entries];
		}
		if (used_sites == 0)
			hook->site_count = 0;
	}
	return 0;
}

/* Where AppData has its status: its only field of a byte that its constructor stores. Of several
 * copies of that, one may not tell. */
static int find_status_offset(void *context, const struct elf_symbol *symbol)
{
	struct plan_builder *builder = context;
	uint32_t offset;
	int r = code_find_byte_store(builder->code->image, symbol->address, symbol->size, &offset,
				     builder->error);

	if (r >= 0 && offset)
		builder->plan->app_status_offset = offset;
	return r;
}

int plan_find_sites(struct plan_builder *builder)
{
	const struct plan_hook *app_new = &builder->plan->hooks[HOOK_APP_NEW];
	int r = 0;

	for (size_t i = 0; i < HOOK_COUNT && r >= 0; i++)
		r = find_sites_of(builder, (enum hook)i);
	if (r >= 0)
		r = drop_unused(builder);
	if (r >= 0 && app_new->site_count > 0)
		r = elf_symbols__find(builder->code->symbols, app_new->function, find_status_offset,
				      builder);
	return r;
}
