// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/sites.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/wire_names.h"
#include "code/branches.h"
#include "code/exit.h"
#include "code/site.h"
#include "plan/arguments.h"
#include "plan/reachable.h"
#include "rust/demangle.h"
#include "tokio/call_coverage.h"

/* The search for the sites of all hooks. */
struct search {
	struct plan *plan;
	const struct elf_executable *executable;
	struct error *error;
	size_t site_capacity;
	struct plan_reachable reachable;
};

/* The search in the copies of one function. */
struct function_search {
	struct search *search;
	enum hook hook;
	const struct catalogue_site *function;
	bool differs; /* copies keep their results in different registers: not all can be read */
};

static void search__done(struct search *search)
{
	plan_reachable__done(&search->reachable);
}

static int add_site(struct function_search *in, const struct code_site *code)
{
	struct search *search = in->search;
	struct plan *plan = search->plan;
	struct plan_hook *hook = &plan->hooks[in->hook];
	struct plan_site site = {.hook = in->hook, .code = *code};

	if (budget__spend(elf_image__budget(search->executable->image), BUDGET_SITES, 1) < 0)
		return elf_image__check_budget(search->executable->image, search->error);
	if (code->cost == CODE_COST_FORBIDDEN ||
	    elf_image__code_offset(search->executable->image, code->address, &site.file_offset) < 0)
		return 0;
	if (plan->site_count == search->site_capacity) {
		size_t capacity = search->site_capacity ? search->site_capacity * 2 : 16;
		struct plan_site *sites = reallocarray(plan->sites, capacity, sizeof(*sites));

		if (!sites)
			return error_out_of_memory(search->error);
		plan->sites = sites;
		search->site_capacity = capacity;
	}
	plan->sites[plan->site_count++] = site;
	hook->site_count++;
	if (code->cost == CODE_COST_SINGLE_STEP)
		hook->has_expensive_site = true;
	return 0;
}

/* Finds the register of a copy's result. All copies must have the same one, because a BPF program reads
 * one register. Returns 1; 0 if the copy has none; a negative errno. */
static int find_result(struct function_search *in, const struct elf_symbol *symbol)
{
	struct plan *plan = in->search->plan;
	uint32_t *known = &plan->app_result_register, result;
	int r = code_find_result(in->search->executable->image, symbol->address, symbol->size,
				 &result, in->search->error);

	if (r <= 0)
		return r;
	if (plan->hooks[in->hook].site_count == 0)
		*known = result;
	in->differs |= result != *known;
	return 1;
}

static int add_exits(struct function_search *in, const struct elf_symbol *symbol)
{
	struct code_site exits[CODE_EXIT_LIMIT];
	int r = in->function->reads & READS_RESULT ? find_result(in, symbol) : 1;

	if (r <= 0)
		return r;
	r = code_find_exits(in->search->executable->image, symbol->address, symbol->size, exits,
			    in->search->error);
	for (int i = 0, count = r; i < count && r >= 0; i++)
		r = add_site(in, &exits[i]);
	return r;
}

static int add_entry(struct function_search *in, const struct elf_symbol *symbol)
{
	const struct catalogue_hook *hook = &catalogue_hooks[in->hook];
	const struct elf_image *image = in->search->executable->image;
	struct code_site code;
	unsigned int keep = plan_registers_of(in->function->reads, elf_image__machine(image));
	/* A return probe recognises its call by the stack pointer at the entry, so the site is the entry. */
	uint64_t size = hook->place == PLACE_RETURN ? 0 : symbol->size;
	int r;

	if (plan_reads_behind_result(in->function->reads) &&
	    !code_takes_result(image, symbol->address, symbol->size))
		return 0;
	r = code_find_site(image, symbol->address, size, keep, hook->repeat_ok, &code,
			   in->search->error);
	return r < 0 ? r : add_site(in, &code);
}

/* Returns 1 if the function at `target` is the one whose callers have no hook. */
static int match_callee(void *context, uint64_t target)
{
	const struct function_search *in = context;
	const struct elf_symbol *callee = elf_symbols__at(in->search->executable->symbols, target);
	_cleanup_free_ char *path = callee ? rust_demangle_path(callee->name) : NULL;

	return path && strcmp(path, in->function->except_callers_of) == 0 ? 1 : 0;
}

static bool is_excepted(struct function_search *in, const struct elf_symbol *symbol)
{
	const struct elf_executable *executable = in->search->executable;

	if (in->function->except && strstr(symbol->name, in->function->except))
		return true;
	return in->function->except_callers_of &&
	       code_for_each_target(executable->image, &executable->pointers, symbol->address,
				    symbol->size, match_callee, in) == 1;
}

static int add_copy(void *context, const struct elf_symbol *symbol)
{
	struct function_search *in = context;
	const struct catalogue_hook *hook = &catalogue_hooks[in->hook];
	int r;

	if (is_excepted(in, symbol))
		return 0;
	r = hook->place == PLACE_EXITS ? add_exits(in, symbol) : add_entry(in, symbol);
	if (r < 0)
		return error_prefix(in->search->error, r, "cannot plan hook %s",
				    wire_hook_name(in->hook));
	in->search->plan->hooks[in->hook].found++;
	return 0;
}

/* Adds the sites in all copies of a function. Adds none if not all copies can be read, or if nothing refers to
 * any copy: then all calls are inlined, though the executable has the function. Returns the number of
 * copies. */
static int find_sites_in(struct function_search *in)
{
	struct plan *plan = in->search->plan;
	struct plan_hook before = plan->hooks[in->hook];
	size_t first = plan->site_count;
	bool is_reachable = false;
	int r = elf_symbols__find(in->search->executable->symbols, in->function->path, add_copy,
				  in);

	if (r < 0)
		return r;
	for (size_t i = first; i < plan->site_count; i++)
		is_reachable |=
			plan_reachable__has(&in->search->reachable, plan->sites[i].code.entry);
	if (r > 0 && (!is_reachable || in->differs)) {
		before.found = plan->hooks[in->hook].found;
		plan->hooks[in->hook] = before;
		plan->site_count = first;
	}
	return r;
}

/* Finds the sites of a hook: in the first of its functions that is reachable and can be probed, or in all of
 * them. */
static int find_sites_of(struct search *search, enum hook hook)
{
	const struct catalogue_hook *row = &catalogue_hooks[hook];
	struct plan_hook *planned = &search->plan->hooks[hook];
	struct function_search in = {.search = search, .hook = hook};

	planned->first_site = search->plan->site_count;
	for (size_t f = 0; f < HOOK_FUNCTION_LIMIT && row->functions[f].path; f++) {
		const struct catalogue_site *function = &row->functions[f];
		int r;

		if (planned->site_count > 0 && !row->in_all_functions)
			break;
		if (!planned->function)
			planned->function = function->path;
		if (function->percent_of_polls > tokio_percent_of_polls(&search->plan->tokio,
									search->executable,
									function->path))
			continue;
		in.function = function;
		in.differs = false;
		r = find_sites_in(&in);
		if (r < 0)
			return r;
		if (r > 0)
			planned->function = function->path;
	}
	return 0;
}

/* Finds the offset of the status in AppData, its only field of one byte, from the constructor's code. Not
 * every copy of the constructor shows the offset. */
static int find_status_offset(void *context, const struct elf_symbol *symbol)
{
	struct search *search = context;
	uint32_t offset;
	int r = code_find_byte_store(search->executable->image, symbol->address, symbol->size,
				     &offset, search->error);

	if (r >= 0 && offset)
		search->plan->app_status_offset = offset;
	return r;
}

int plan_find_sites(struct plan *plan, const struct elf_executable *executable, struct error *error)
{
	const struct plan_hook *app_new = &plan->hooks[HOOK_APP_NEW];
	_cleanup_(search__done) struct search search = {
		.plan = plan, .executable = executable, .error = error};
	int r;

	r = elf_executable__result(executable, plan_reachable__find(&search.reachable, executable),
				   error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < HOOK_COUNT; i++) {
		r = find_sites_of(&search, (enum hook)i);
		if (r < 0)
			return r;
	}
	if (app_new->site_count == 0)
		return 0;
	r = elf_symbols__find(executable->symbols, app_new->function, find_status_offset, &search);
	return r < 0 ? r : 0;
}
