// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Finds functions by Rust path. Each name is demangled once, so the time depends on the number of symbols and
 * not on that of symbols times rows of the catalogue. Names that share a hash are distinguished by demangling
 * them again. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "elf/internal.h"
#include "rust/demangle.h"
#include "rust/path.h"

/* Buffers for the forms of one name after the other. */
struct forms {
	struct buffer raw;
	struct buffer normal;
};

static void forms__done(struct forms *forms)
{
	buffer__done(&forms->raw);
	buffer__done(&forms->normal);
}

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
static uint64_t hash_of(const struct buffer *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text->length; i++)
		hash = (hash ^ (uint8_t)text->bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Sets forms->normal to the normal form of the symbol's name. Returns 1; 0 if the name is no Rust path; -ENOMEM;
 * -EDQUOT. */
static int normalise(struct forms *forms, const struct elf_symbol *symbol, struct budget *budget)
{
	int r = budget__spend(budget, BUDGET_NAME_BYTES, symbol->length + UINT64_C(1));

	if (r < 0)
		return r;
	if (!rust_is_mangled(symbol->name))
		return 0;
	r = rust_demangle_raw(symbol->name, &forms->raw);
	if (r == 0)
		r = budget__spend(budget, BUDGET_NAME_BYTES,
				  rust_path__work(forms->raw.bytes, forms->raw.length));
	if (r == -EDQUOT || r == -ENOMEM)
		return r;
	buffer__truncate(&forms->normal, 0);
	if (r == 0)
		r = rust_path__normalise(forms->raw.bytes, forms->raw.length, &forms->normal);
	return r == -ENOMEM ? r : r == 0 && forms->normal.length > 0;
}

static int compare_paths(const void *left, const void *right)
{
	const struct elf_path *a = left;
	const struct elf_path *b = right;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->symbol > b->symbol) - (a->symbol < b->symbol);
}

int elf_paths__build(struct elf_paths *paths, const struct elf_symbol *symbols, size_t count,
		     struct budget *budget)
{
	_cleanup_(forms__done) struct forms forms = {0};

	if (count == 0)
		return 0;
	if (budget__spend(budget, BUDGET_MEMORY_BYTES, count * sizeof(*paths->items)) < 0)
		return -EDQUOT;
	paths->items = calloc(count, sizeof(*paths->items));
	if (!paths->items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int r = normalise(&forms, &symbols[i], budget);

		if (r < 0)
			return r;
		if (r > 0)
			paths->items[paths->count++] = (struct elf_path){hash_of(&forms.normal), i};
	}
	qsort(paths->items, paths->count, sizeof(*paths->items), compare_paths);
	return 0;
}

void elf_paths__done(struct elf_paths *paths)
{
	free(paths->items);
	*paths = (struct elf_paths){0};
}

/* Returns the index of the first path with a hash of at least `hash`. */
static size_t lower_bound(const struct elf_paths *paths, uint64_t hash)
{
	size_t low = 0, high = paths->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (paths->items[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The search for one path. */
struct search {
	struct buffer path;
	struct forms forms;
};

static void search__done(struct search *search)
{
	buffer__done(&search->path);
	forms__done(&search->forms);
}

/* Returns 1 if the symbol has the path, 0 if it has another one; -ENOMEM; -EDQUOT. */
static int search__matches(struct search *search, const struct elf_symbol *symbol,
			   struct budget *budget)
{
	int r = normalise(&search->forms, symbol, budget);

	if (r <= 0)
		return r;
	return search->forms.normal.length == search->path.length &&
	       memcmp(search->forms.normal.bytes, search->path.bytes, search->path.length) == 0;
}

int elf_symbols__find(const struct elf_symbols *symbols, const char *path,
		      elf_symbol_callback callback, void *context)
{
	_cleanup_(search__done) struct search search = {0};
	const struct elf_paths *paths = elf_symbols__paths(symbols);
	const struct elf_symbol *last = NULL;
	int found = 0;
	int r = rust_path__normalise(path, strlen(path), &search.path);

	if (r < 0 || search.path.length == 0)
		return r;

	uint64_t hash = hash_of(&search.path);

	for (size_t i = lower_bound(paths, hash); i < paths->count && paths->items[i].hash == hash;
	     i++) {
		const struct elf_symbol *symbol = elf_symbols__get(symbols, paths->items[i].symbol);

		/* The linker can merge identical functions: one address, several names. */
		if (last && last->address == symbol->address)
			continue;
		r = search__matches(&search, symbol, elf_symbols__image(symbols)->budget);
		if (r > 0) {
			last = symbol;
			found++;
			r = callback(context, symbol);
		}
		if (r < 0)
			return r;
	}
	return found;
}
