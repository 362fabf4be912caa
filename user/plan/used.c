// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/used.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/compare.h"
#include "code/references.h"
#include "plan/catalogue.h"

static int add_entry(void *context, const struct elf_symbol *symbol)
{
	struct plan_used *used = context;

	if (used->count == used->room) {
		size_t room = used->room ? used->room * 2 : 256;
		uint64_t *entries = reallocarray(used->entries, room, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		used->entries = entries;
		used->room = room;
	}
	used->entries[used->count++] = symbol->address;
	return 0;
}

/* Several hooks may be in one function. */
static void sort_entries(struct plan_used *used)
{
	size_t count = 0;

	if (used->count > 0)
		qsort(used->entries, used->count, sizeof(*used->entries), compare_u64);
	for (size_t i = 0; i < used->count; i++) {
		if (count == 0 || used->entries[i] != used->entries[count - 1])
			used->entries[count++] = used->entries[i];
	}
	used->count = count;
}

int plan_used__find(struct plan_used *used, const struct elf_executable *executable)
{
	for (size_t i = 0; i < HOOK_COUNT; i++) {
		for (size_t f = 0; f < HOOK_FUNCTION_LIMIT; f++) {
			const char *path = catalogue_hooks[i].functions[f].path;
			int r = path ? elf_symbols__find(executable->symbols, path, add_entry, used)
				     : 0;

			if (r < 0)
				return r;
		}
	}
	sort_entries(used);
	used->used = calloc(used->count + 1, sizeof(*used->used));
	if (!used->used)
		return -ENOMEM;
	code_find_references(executable->image, &executable->pointers, used->entries, used->count,
			     used->used);
	return 0;
}

void plan_used__done(struct plan_used *used)
{
	free(used->entries);
	free(used->used);
	*used = (struct plan_used){0};
}

bool plan_used__has(const struct plan_used *used, uint64_t entry)
{
	const uint64_t *found = used->count > 0 ? bsearch(&entry, used->entries, used->count,
							  sizeof(entry), compare_u64)
						: NULL;

	return found && used->used[found - used->entries];
}
