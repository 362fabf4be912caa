// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/build.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/executable.h"
#include "plan/level.h"
#include "plan/paths.h"
#include "plan/schedulers.h"
#include "plan/sites.h"
#include "plan/strategy.h"
#include "plan/version.h"
#include "tokio/read.h"

/* Refuses an executable without any of the catalogue's functions: another program, or a stripped one. */
static int check_program(const struct plan *plan, struct error *error)
{
	for (size_t i = 0; i < HOOK_COUNT; i++) {
		if (plan->hooks[i].found > 0)
			return 0;
	}
	if (plan->symbol_source == SYMBOLS_NONE || plan->symbol_source == SYMBOLS_DYNSYM)
		return error_set(error, -ENOEXEC,
				 "%s is stripped: it names none of its functions. Use a build with "
				 ".symtab (Rust's default release build has it) or install its "
				 "separate debug file (build id %s) below /usr/lib/debug/.build-id "
				 "or in a directory that --debug-directory names",
				 plan->executable_path, plan->build_id ? plan->build_id : "none");
	return error_set(error, -ENOEXEC,
			 "%s is no tokio program: none of tokio's and hyper's functions are among "
			 "its %zu. Choose another process with --pid, --exe or --port",
			 plan->executable_path, plan->function_count);
}

static int ignore_symbol(void *context, const struct elf_symbol *symbol)
{
	(void)context;
	(void)symbol;
	return 0;
}

static int find_path(const struct elf_symbols *symbols, const char *path, bool *ret_exists)
{
	int r = path ? elf_symbols__find(symbols, path, ignore_symbol, NULL) : 0;

	*ret_exists = r > 0;
	return r < 0 ? r : 0;
}

/* Finds the functions of the catalogue that are not hooked, or have no site. */
static int find_paths(struct plan *plan, const struct elf_symbols *symbols)
{
	int r = find_path(symbols, WORKER_LOOP, &plan->has_worker_loop);

	for (size_t i = 0; i < catalogue_strategy_count && r == 0; i++)
		r = find_path(symbols, catalogue_strategies[i].path,
			      &plan->strategy_path_exists[i]);
	for (size_t i = 0; i < HOOK_COUNT && r == 0; i++)
		r = find_path(symbols, plan->hooks[i].function, &plan->hooks[i].function_exists);
	return r;
}

static int set_texts(struct plan *plan, const struct elf_image *image)
{
	const char *build_id = elf_image__build_id(image);

	plan->executable_path = strdup(elf_image__path(image));
	plan->build_id = build_id ? strdup(build_id) : NULL;
	return plan->executable_path && (plan->build_id || !build_id) ? 0 : -ENOMEM;
}

/* Fills a zeroed plan. */
static int read_plan(struct plan *plan, struct elf_executable *executable, struct error *error)
{
	const struct elf_symbols *symbols = executable->symbols;
	int r = set_texts(plan, executable->image);

	if (r < 0)
		return error_out_of_memory(error);
	plan->symbol_source = elf_symbols__source(symbols);
	plan->function_count = elf_symbols__count(symbols);
	/* Without relocations, only the vtables are missing. */
	r = elf_pointers__load(executable->image, &executable->pointers);
	if (r == -ENOMEM)
		return error_out_of_memory(error);
	r = tokio_read(executable, &plan->tokio, error);
	if (r == 0)
		r = plan_find_sites(plan, executable, error);
	if (r < 0)
		return r;
	r = find_paths(plan, symbols);
	if (r == 0)
		r = plan_find_version(executable->image, symbols, &plan->version);
	plan_find_schedulers(plan, symbols);
	return elf_executable__result(executable, r, error);
}

int plan__read(const struct elf_image *image, const struct elf_symbols *symbols,
	       struct plan **ret_plan, struct error *error)
{
	_cleanup_(plan__freep) struct plan *plan = plan__new();
	_cleanup_(elf_executable__done) struct elf_executable executable = {.image = image,
									    .symbols = symbols};
	int r;

	if (!plan)
		return error_out_of_memory(error);
	r = read_plan(plan, &executable, error);
	/* Whatever failed after an excess of the budget, the excess is the reason. */
	if (elf_image__check_budget(image, error) < 0)
		return -EDQUOT;
	if (r < 0)
		return r;
	*ret_plan = TAKE_PTR(plan);
	return 0;
}

int plan__decide(struct plan *plan, const struct plan_kernel *kernel, enum level level,
		 struct error *error)
{
	int r = check_program(plan, error);

	if (r < 0)
		return r;
	plan->kernel = *kernel;
	plan_choose_strategies(plan);
	plan_choose_schedulers(plan);
	plan_disable_by_level(plan, level);
	return 0;
}

int plan__build(const struct elf_image *image, const struct elf_symbols *symbols,
		const struct plan_kernel *kernel, enum level level, struct plan **ret_plan,
		struct error *error)
{
	_cleanup_(plan__freep) struct plan *plan = NULL;
	int r = plan__read(image, symbols, &plan, error);

	if (r == 0)
		r = plan__decide(plan, kernel, level, error);
	if (r < 0)
		return r;
	*ret_plan = TAKE_PTR(plan);
	return 0;
}
