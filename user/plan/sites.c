// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "code/exit.h"
#include "code/site.h"
#include "plan/arguments.h"
#include "plan/internal.h"
#include "plan/used.h"
#include "tokio/call_coverage.h"

/* The copies of a function that a hook may be in. */
struct search {
	struct plan_builder *builder;
	enum hook hook;
	const struct catalogue_site *function;
	bool differs; /* a copy keeps its result elsewhere than the others: not all can be read */
};

static int add_site(struct search *search, const struct code_site *code)
{
	struct plan_builder *builder = search->builder;
	struct plan *plan = builder->plan;
	struct plan_hook *planned = &plan->hooks[search->hook];
	struct plan_site site = {.hook = search->hook, .code = *code};

	if (code->cost == CODE_COST_FORBIDDEN ||
	    elf_image__code_offset(builder->executable->image, code->address, &site.file_offset) <
		    0)
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
		planned->has_expensive_site = true;
	return 0;
}

/* Whether the result of a copy can be read: all have to keep it in one register. */
static int find_result(struct search *search, const struct elf_symbol *symbol)
{
	struct plan_builder *builder = search->builder;
	uint32_t *known = &builder->plan->app_result_register, result;
	int r = code_find_result(builder->executable->image, symbol->address, symbol->size, &result,
				 builder->error);

	if (r <= 0)
		return r;
	if (builder->plan->hooks[search->hook].site_count == 0)
		*known = result;
	search->differs |= result != *known;
	return 1;
}

static int add_exits(struct search *search, const struct elf_symbol *symbol)
{
	struct code_site exits[CODE_EXIT_LIMIT];
	int r = search->function->reads & READS_RESULT ? find_result(search, symbol) : 1;

	if (r <= 0)
		return r;
	r = code_find_exits(search->builder->executable->image, symbol->address, symbol->size,
			    exits, search->builder->error);
	for (int i = 0, count = r; i < count && r >= 0; i++)
		r = add_site(search, &exits[i]);
	return r;
}

static int add_entry(struct search *search, const struct elf_symbol *symbol)
{
	const struct catalogue_hook *hook = &catalogue_hooks[search->hook];
	const struct elf_image *image = search->builder->executable->image;
	struct code_site code;
	unsigned int keep = plan_registers_of(search->function->reads, elf_image__machine(image));
	/* A return is found by where its call left the stack, so the site is the entry. */
	uint64_t size = hook->place == PLACE_RETURN ? 0 : symbol->size;
	int r;

	if (plan_reads_behind_result(search->function->reads) &&
	    !code_takes_result(image, symbol->address, symbol->size))
		return 0;
	r = code_find_site(image, symbol->address, size, keep, hook->repeat_ok, &code,
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

/* The sites in all copies of a function; none where not all can be read, or where nothing refers to
 * any: then all calls of it are inlined, though the function is there. */
static int find_sites_in(struct search *search, const struct plan_used *used)
{
	struct plan *plan = search->builder->plan;
	struct plan_hook before = plan->hooks[search->hook];
	size_t first = plan->site_count;
	bool is_used = false;
	int r = elf_symbols__find(search->builder->executable->symbols, search->function->path,
				  add_copy, search);

	for (size_t i = first; i < plan->site_count && r >= 0; i++)
		is_used |= plan_used__has(used, plan->sites[i].code.entry);
	if (r > 0 && (!is_used || search->differs)) {
		before.found = plan->hooks[search->hook].found;
		plan->hooks[search->hook] = before;
		plan->site_count = first;
	}
	return r;
}

/* The sites of a hook: in the first of its functions that is used and can be probed, or in all of
 * them. */
static int find_sites_of(struct plan_builder *builder, enum hook hook, const struct plan_used *used)
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
		if (function->percent_of_polls > tokio_percent_of_polls(&builder->plan->tokio,
									builder->executable,
									function->path))
			continue;
		search.function = function;
		search.differs = false;
		r = find_sites_in(&search, used);
		if (r < 0)
			return r;
		if (r > 0)
			planned->function = function->path;
	}
	return 0;
}

/* Where AppData has its status: its only field of a byte that its constructor stores. Of several
 * copies of that, one may not tell. */
static int find_status_offset(void *context, const struct elf_symbol *symbol)
{
	struct plan_builder *builder = context;
	uint32_t offset;
	int r = code_find_byte_store(builder->executable->image, symbol->address, symbol->size,
				     &offset, builder->error);

	if (r >= 0 && offset)
		builder->plan->app_status_offset = offset;
	return r;
}

int plan_find_sites(struct plan_builder *builder)
{
	const struct plan_hook *app_new = &builder->plan->hooks[HOOK_APP_NEW];
	_cleanup_(plan_used__done) struct plan_used used = {0};
	int r = plan_used__find(&used, builder->executable);

	if (r < 0)
		return error_out_of_memory(builder->error);
	for (size_t i = 0; i < HOOK_COUNT && r >= 0; i++)
		r = find_sites_of(builder, (enum hook)i, &used);
	if (r >= 0 && app_new->site_count > 0)
		r = elf_symbols__find(builder->executable->symbols, app_new->function,
				      find_status_offset, builder);
	return r;
}
