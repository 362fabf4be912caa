// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/vtables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/demangle.h"

/* A vtable (repr(Rust) but a constant of function pointers and offsets, in declaration order in all
 * builds seen; tokio/src/runtime/task/raw.rs) starts with the pointers to `raw::poll` and
 * `raw::schedule`. The second is generic over the scheduler only, and calls that scheduler's own
 * function. So the pair tells a vtable and its kind. */

struct function {
	uint64_t address;
	_Bool is_schedule;
	enum task_kind kind;
};

struct functions {
	struct function *items;
	size_t count;
	size_t room;
	const struct elf_image *image;
	const struct elf_symbols *symbols;
};

struct pointer {
	uint64_t address;
	const struct function *function;
};

struct pointers {
	struct pointer *items;
	size_t count;
	size_t room;
	const struct functions *functions;
};

/* Makes room for one more item; NULL when out of memory. */
static void *grow(void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;

	size_t wanted = *room ? *room * 2 : 64;
	void *grown = reallocarray(items, wanted, size);

	if (grown)
		*room = wanted;
	return grown;
}

static char *path_at(const struct functions *functions, uint64_t address)
{
	const struct elf_symbol *symbol = elf_symbols__at(functions->symbols, address);

	return symbol ? demangle_rust_path(symbol->name) : NULL;
}

static int find_panic(void *context, uint64_t target)
{
	_cleanup_free_ char *path = path_at(context, target);

	return path && strncmp(path, "core::panicking::", strlen("core::panicking::")) == 0 ? 1
											    : -1;
}

/* What the first call of a `raw::schedule` leads to: BlockingSchedule's own function; or, where that
 * was inlined, the panic that it consists of; or, where compilers made one of all functions that
 * consist of a panic, another function of which that is the first call. */
static int find_blocking(void *context, uint64_t target)
{
	const struct functions *functions = context;
	const struct elf_symbol *callee = elf_symbols__at(functions->symbols, target);
	_cleanup_free_ char *path = path_at(functions, target);

	if (!callee || !path)
		return -1;
	if (strstr(path, "::BlockingSchedule as ") || find_panic(context, target) == 1)
		return 1;
	return code_for_each_target(functions->image, callee->address, callee->size, find_panic,
				    context);
}

static enum task_kind kind_of_schedule(const struct functions *functions,
				       const struct elf_symbol *symbol)
{
	_cleanup_free_ char *generics = demangle_rust_generics(symbol->name);

	if (generics)
		return strstr(generics, "BlockingSchedule") ? TASK_BLOCKING : TASK_ASYNC;

	/* Legacy names leave the generic arguments out: the first call tells. */
	return code_for_each_target(functions->image, symbol->address, symbol->size, find_blocking,
				    (void *)functions) == 1
		       ? TASK_BLOCKING
		       : TASK_ASYNC;
}

static int add_function(struct functions *functions, const struct elf_symbol *symbol,
			_Bool is_schedule)
{
	struct function *items =
		grow(functions->items, functions->count, &functions->room, sizeof(*items));

	if (!items)
		return -ENOMEM;
	functions->items = items;
	items[functions->count++] = (struct function){
		.address = symbol->address,
		.is_schedule = is_schedule,
		.kind = is_schedule ? kind_of_schedule(functions, symbol) : TASK_ASYNC,
	};
	return 0;
}

static int add_poll(void *context, const struct elf_symbol *symbol)
{
	return add_function(context, symbol, 0);
}

static int add_schedule(void *context, const struct elf_symbol *symbol)
{
	return add_function(context, symbol, 1);
}

static int compare_functions(const void *left, const void *right)
{
	uint64_t a = ((const struct function *)left)->address;
	uint64_t b = ((const struct function *)right)->address;

	return (a > b) - (a < b);
}

static int add_pointer(void *context, uint64_t address, uint64_t value)
{
	struct pointers *pointers = context;
	struct function key = {.address = value};
	const struct function *function =
		bsearch(&key, pointers->functions->items, pointers->functions->count, sizeof(key),
			compare_functions);
	struct pointer *items;

	if (!function)
		return 0;
	items = grow(pointers->items, pointers->count, &pointers->room, sizeof(*items));
	if (!items)
		return -ENOMEM;
	pointers->items = items;
	items[pointers->count++] = (struct pointer){.address = address, .function = function};
	return 0;
}

static int compare_pointers(const void *left, const void *right)
{
	uint64_t a = ((const struct pointer *)left)->address;
	uint64_t b = ((const struct pointer *)right)->address;

	return (a > b) - (a < b);
}

static int pair_pointers(struct plan *plan, const struct pointers *pointers)
{
	if (pointers->count == 0)
		return 0;
	plan->vtables = calloc(pointers->count, sizeof(*plan->vtables));
	if (!plan->vtables)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < pointers->count; i++) {
		const struct pointer *poll = &pointers->items[i];
		const struct pointer *schedule = &pointers->items[i + 1];

		if (poll->function->is_schedule || !schedule->function->is_schedule ||
		    schedule->address != poll->address + 8)
			continue;
		plan->vtables[plan->vtable_count++] = (struct plan_vtable){
			.address = poll->address,
			.kind = schedule->function->kind,
		};
	}
	return 0;
}

int plan_find_vtables(struct plan *plan, const struct elf_image *image,
		      const struct elf_symbols *symbols, struct error *error)
{
	struct functions functions = {.image = image, .symbols = symbols};
	struct pointers pointers = {.functions = &functions};
	int r;

	r = elf_symbols__find(symbols, "tokio::runtime::task::raw::poll", add_poll, &functions);
	if (r >= 0)
		r = elf_symbols__find(symbols, "tokio::runtime::task::raw::schedule", add_schedule,
				      &functions);
	if (r >= 0 && functions.count > 0) {
		qsort(functions.items, functions.count, sizeof(*functions.items),
		      compare_functions);
		r = elf_image__for_each_pointer(image, add_pointer, &pointers);
	}
	if (r >= 0 && pointers.count > 0) {
		qsort(pointers.items, pointers.count, sizeof(*pointers.items), compare_pointers);
		r = pair_pointers(plan, &pointers);
	}
	free(functions.items);
	free(pointers.items);
	return r == -ENOMEM ? error_out_of_memory(error) : 0;
}
