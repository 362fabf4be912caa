// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/vtable.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "code/branches.h"
#include "elf/pointers.h"
#include "layout/tokio.h"
#include "rust/demangle.h"
#include "tokio/future.h"
#include "tokio/task_type.h"

/* A vtable starts with the pointers to `raw::poll` and `raw::schedule` (layout/tokio.h).
 * `raw::schedule` is generic over the scheduler only and calls the scheduler's own function. So the
 * pair identifies a vtable and the class of its tasks. */

struct function {
	uint64_t address;
	bool is_schedule;
	enum task_class class; /* of the tasks, if it is a `raw::schedule` */
};

struct functions {
	struct function *items;
	size_t count;
	size_t room;
	const struct elf_executable *executable;
};

static char *path_at(const struct functions *functions, uint64_t address)
{
	const struct elf_symbol *symbol = elf_symbols__at(functions->executable->symbols, address);

	return symbol ? rust_demangle_path(symbol->name) : NULL;
}

static int find_panic(void *functions, uint64_t target)
{
	_cleanup_free_ char *path = path_at(functions, target);

	return path && strncmp(path, "core::panicking::", strlen("core::panicking::")) == 0 ? 1
											    : -1;
}

struct schedule {
	const struct functions *functions;
	bool has_called;
	bool is_local; /* it calls the schedule function of a LocalSet */
};

/* The scheduler of a LocalSet is an Arc of this type (tokio/src/task/local.rs). Legacy names have the path in
 * the name of an implementation, or of a function of the type. */
static bool is_of_local_set(const char *mangled)
{
	return strstr(mangled, "task..local..Shared") || strstr(mangled, "4task5local6Shared");
}

/* Whether the `raw::schedule` that calls `target` belongs to a LocalSet, which it tells in `is_local`, or to blocking
 * tasks. The function of blocking tasks calls BlockingSchedule's own function. If BlockingSchedule's function was
 * inlined, the first call is the panic in its body. If the compiler merged all functions that consist of a panic,
 * the first call is another function, whose first call is the panic. */
static int find_class(void *context, uint64_t target)
{
	struct schedule *schedule = context;
	const struct functions *functions = schedule->functions;
	const struct elf_symbol *callee = elf_symbols__at(functions->executable->symbols, target);
	_cleanup_free_ char *path = path_at(functions, target);
	bool is_first = !schedule->has_called;

	schedule->has_called = true;
	if (callee && is_of_local_set(callee->name)) {
		schedule->is_local = true;
		return 1;
	}
	if (callee && path && strstr(path, "::BlockingSchedule as "))
		return 1;
	if (!callee || !path || !is_first)
		return 0;
	if (find_panic((void *)functions, target) == 1)
		return 1;
	return code_for_each_target(functions->executable->image, &functions->executable->pointers,
				    callee->address, callee->size, find_panic,
				    (void *)functions) == 1;
}

static enum task_class class_of_schedule(const struct functions *functions,
					 const struct elf_symbol *symbol)
{
	_cleanup_free_ char *generics = rust_demangle_generics(symbol->name);
	struct schedule schedule = {.functions = functions};

	if (generics && strstr(generics, "task::local::Shared"))
		return TASK_LOCAL;
	if (generics)
		return strstr(generics, "BlockingSchedule") ? TASK_BLOCKING : TASK_ASYNC;

	/* Legacy names have no generic arguments, so the calls decide. */
	if (code_for_each_target(functions->executable->image, &functions->executable->pointers,
				 symbol->address, symbol->size, find_class, &schedule) != 1)
		return TASK_ASYNC;
	return schedule.is_local ? TASK_LOCAL : TASK_BLOCKING;
}

static int add_function(struct functions *functions, const struct elf_symbol *symbol,
			bool is_schedule)
{
	if (functions->count == functions->room) {
		size_t room = functions->room ? functions->room * 2 : 64;
		struct function *items = reallocarray(functions->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		functions->items = items;
		functions->room = room;
	}
	functions->items[functions->count++] = (struct function){
		.address = symbol->address,
		.is_schedule = is_schedule,
		.class = is_schedule ? class_of_schedule(functions, symbol) : TASK_ASYNC,
	};
	return 0;
}

static int add_poll(void *context, const struct elf_symbol *symbol)
{
	return add_function(context, symbol, false);
}

static int add_schedule(void *context, const struct elf_symbol *symbol)
{
	return add_function(context, symbol, true);
}

static int compare_functions(const void *left, const void *right)
{
	uint64_t a = ((const struct function *)left)->address;
	uint64_t b = ((const struct function *)right)->address;

	return (a > b) - (a < b);
}

static const struct function *functions__at(const struct functions *functions, uint64_t address)
{
	struct function key = {.address = address};

	return bsearch(&key, functions->items, functions->count, sizeof(key), compare_functions);
}

/* Returns a word of a vtable that is an offset into a task's cell; 0 if the file does not have the word. */
static uint64_t offset_at(const struct elf_image *image, uint64_t vtable, enum vtable_word word)
{
	const uint8_t *bytes =
		elf_image__bytes(image, vtable + word * VTABLE_WORD_BYTES, sizeof(uint64_t));
	uint64_t offset = 0;

	if (bytes)
		memcpy(&offset, bytes, sizeof(offset));
	return offset;
}

/* Returns the index of the word of a task's cell that holds the task's id; 0 if the offsets of the vtable
 * are not those of header, scheduler, id and trailer in this order. */
static __u8 id_word(const struct elf_image *image, uint64_t vtable)
{
	uint64_t scheduler = offset_at(image, vtable, VTABLE_SCHEDULER_OFFSET);
	uint64_t id = offset_at(image, vtable, VTABLE_ID_OFFSET);
	uint64_t trailer = offset_at(image, vtable, VTABLE_TRAILER_OFFSET);

	if (scheduler < sizeof(struct task_header) || id <= scheduler || trailer <= id ||
	    id % sizeof(uint64_t) != 0 || id / sizeof(uint64_t) > UINT8_MAX)
		return 0;
	return (__u8)(id / sizeof(uint64_t));
}

/* Returns the distance from id to stage in all cells. With `--cfg tokio_unstable` every vtable has an
 * eleventh word: the offset of the spawn location, which follows the id. In other builds the eleventh word
 * belongs to any other constant, so one vtable alone would not prove the difference. */
static uint32_t stage_distance(const struct elf_image *image, const struct tokio *tokio)
{
	size_t with_location = 0;

	for (size_t i = 0; i < tokio->vtable_count; i++) {
		const struct tokio_vtable *vtable = &tokio->vtables[i];
		uint64_t behind_id = (vtable->kind.id_word + UINT64_C(1)) * sizeof(uint64_t);

		if (!vtable->kind.id_word)
			continue;
		if (offset_at(image, vtable->address, VTABLE_SPAWN_LOCATION_OFFSET) != behind_id)
			return STAGE_DISTANCE;
		with_location++;
	}
	return with_location ? STAGE_DISTANCE_UNSTABLE : STAGE_DISTANCE;
}

/* Adds a vtable for each pair of pointers to a `raw::poll` and a `raw::schedule`. */
static int find_pairs(struct tokio *tokio, const struct functions *functions)
{
	const struct elf_pointers *pointers = &functions->executable->pointers;
	size_t room = 0;

	for (size_t i = 0; i + 1 < pointers->count; i++) {
		const struct elf_pointer *pointer = &pointers->items[i];
		const struct function *poll = functions__at(functions, pointer[0].value);
		const struct function *schedule = functions__at(functions, pointer[1].value);

		if (!poll || poll->is_schedule || !schedule || !schedule->is_schedule ||
		    pointer[1].address != pointer[0].address + VTABLE_WORD_BYTES)
			continue;
		if (budget__spend(elf_image__budget(functions->executable->image), BUDGET_VTABLES,
				  1) < 0)
			return -EDQUOT;
		if (tokio->vtable_count == room) {
			room = room ? room * 2 : 64;

			struct tokio_vtable *vtables =
				reallocarray(tokio->vtables, room, sizeof(*vtables));

			if (!vtables)
				return -ENOMEM;
			tokio->vtables = vtables;
		}
		tokio->vtables[tokio->vtable_count++] = (struct tokio_vtable){
			.address = pointer->address,
			.kind.class = (__u8)schedule->class,
			.kind.id_word = id_word(functions->executable->image, pointer->address),
		};
	}
	return 0;
}

static int find_task_types(struct tokio *tokio, const struct elf_executable *executable)
{
	char **names = calloc(tokio->vtable_count + 1, sizeof(*names));
	int r;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < tokio->vtable_count; i++)
		names[i] = future_of_vtable(executable, tokio->vtables[i].address,
					    tokio->vtables[i].kind.class == TASK_BLOCKING);
	r = tokio_list_task_types(tokio, names);
	for (size_t i = 0; i < tokio->vtable_count; i++)
		free(names[i]);
	free(names);
	return r;
}

int tokio_find_vtables(struct tokio *tokio, const struct elf_executable *executable,
		       struct error *error)
{
	struct functions functions = {.executable = executable};
	int r = elf_symbols__find(executable->symbols, "tokio::runtime::task::raw::poll", add_poll,
				  &functions);

	if (r >= 0)
		r = elf_symbols__find(executable->symbols, "tokio::runtime::task::raw::schedule",
				      add_schedule, &functions);
	if (r >= 0 && functions.count > 0) {
		qsort(functions.items, functions.count, sizeof(*functions.items),
		      compare_functions);
		r = find_pairs(tokio, &functions);
	}
	tokio->stage_distance = stage_distance(executable->image, tokio);
	if (r >= 0)
		r = find_task_types(tokio, executable);
	free(functions.items);
	return elf_executable__result(executable, r, error);
}
