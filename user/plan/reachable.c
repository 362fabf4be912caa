// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/reachable.h"

#include <errno.h>
#include <stdlib.h>

#include "base/compare.h"
#include "code/references.h"
#include "plan/catalogue.h"

static int add_entry(void *context, const struct elf_symbol *symbol)
{
	struct plan_reachable *reachable = context;

	if (reachable->count == reachable->capacity) {
		size_t capacity = reachable->capacity ? reachable->capacity * 2 : 256;
		uint64_t *entries = reallocarray(reachable->entries, capacity, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		reachable->entries = entries;
		reachable->capacity = capacity;
	}
	reachable->entries[reachable->count++] = symbol->address;
	return 0;
}

/* Sorts the entries and removes duplicates: several hooks can be in one function. */
static void sort_entries(struct plan_reachable *reachable)
{
	size_t count = 0;

	if (reachable->count > 0)
		qsort(reachable->entries, reachable->count, sizeof(*reachable->entries),
		      compare_u64);
	for (size_t i = 0; i < reachable->count; i++) {
		if (count == 0 || reachable->entries[i] != reachable->entries[count - 1])
			reachable->entries[count++] = reachable->entries[i];
	}
	reachable->count = count;
}

int plan_reachable__find(struct plan_reachable *reachable, const struct elf_executable *executable)
{
	for (size_t i = 0; i < HOOK_COUNT; i++) {
		for (size_t f = 0; f < HOOK_FUNCTION_LIMIT; f++) {
			const char *path = catalogue_hooks[i].functions[f].path;
			int r = path ? elf_symbols__find(executable->symbols, path, add_entry,
							 reachable)
				     : 0;

			if (r < 0)
				return r;
		}
	}
	sort_entries(reachable);
	reachable->is_referenced = calloc(reachable->count + 1, sizeof(*reachable->is_referenced));
	if (!reachable->is_referenced)
		return -ENOMEM;
	code_find_references(executable->image, &executable->pointers, reachable->entries,
			     reachable->count, reachable->is_referenced);
	return 0;
}

void plan_reachable__done(struct plan_reachable *reachable)
{
	free(reachable->entries);
	free(reachable->is_referenced);
	*reachable = (struct plan_reachable){0};
}

bool plan_reachable__has(const struct plan_reachable *reachable, uint64_t entry)
{
	const uint64_t *found;

	if (reachable->count == 0)
		return false;
	found = bsearch(&entry, reachable->entries, reachable->count, sizeof(entry), compare_u64);
	return found && reachable->is_referenced[found - reachable->entries];
}
