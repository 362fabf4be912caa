// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/internal.h"

struct elf_symbols {
	const struct elf_image *image;
	struct elf_symbol *items; /* sorted by address, then name */
	size_t count;
	size_t capacity;
	enum elf_symbol_source source;
	struct elf_image *debug_image; /* holds the names if the executable does not */
	struct elf_paths paths;
};

const char *elf_symbol_source_name(enum elf_symbol_source source)
{
	switch (source) {
	case SYMBOLS_NONE:
		return "none";
	case SYMBOLS_SYMTAB:
		return ".symtab";
	case SYMBOLS_DEBUG_FILE:
		return "debug file";
	case SYMBOLS_DEBUGDATA:
		return ".gnu_debugdata";
	case SYMBOLS_DYNSYM:
		return ".dynsym";
	}
	return "unknown";
}

void elf_symbols__free(struct elf_symbols *symbols)
{
	if (!symbols)
		return;
	elf_image__free(symbols->debug_image);
	elf_paths__done(&symbols->paths);
	free(symbols->items);
	free(symbols);
}

static int symbols__grow(struct elf_symbols *symbols)
{
	size_t capacity = symbols->capacity ? symbols->capacity * 2 : 4096;
	struct elf_symbol *items;

	if (budget__spend(symbols->image->budget, BUDGET_MEMORY_BYTES,
			  (capacity - symbols->capacity) * sizeof(*items)) < 0)
		return -EDQUOT;
	items = reallocarray(symbols->items, capacity, sizeof(*items));
	if (!items)
		return -ENOMEM;
	symbols->items = items;
	symbols->capacity = capacity;
	return 0;
}

static int symbols__add_entry(struct elf_symbols *symbols, const Elf64_Sym *entry, const char *name)
{
	size_t length = strnlen(name, ELF_NAME_BYTES_MAX + 1);
	int r = symbols->count == symbols->capacity ? symbols__grow(symbols) : 0;

	if (r < 0 || length > ELF_NAME_BYTES_MAX)
		return r;
	symbols->items[symbols->count++] = (struct elf_symbol){
		.address = entry->st_value,
		.size = entry->st_size,
		.name = name,
		.length = (uint32_t)length,
	};
	return 0;
}

/* Adds a table's functions with addresses in the code of `image`. */
static int symbols__add_table(struct elf_symbols *symbols, const struct elf_image *image,
			      const struct elf_section *table, const struct elf_section *names)
{
	size_t count = table->size / sizeof(Elf64_Sym);
	const uint8_t *last_end = memrchr(names->bytes, '\0', names->size);
	size_t terminated = last_end ? (size_t)(last_end - names->bytes) : 0;
	uint64_t offset;
	Elf64_Sym entry;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		if (budget__spend(image->budget, BUDGET_SYMBOLS, 1) < 0)
			return -EDQUOT;
		memcpy(&entry, table->bytes + i * sizeof(entry), sizeof(entry));
		if (ELF64_ST_TYPE(entry.st_info) != STT_FUNC || entry.st_shndx == SHN_UNDEF ||
		    elf_image__code_offset(image, entry.st_value, &offset) < 0 ||
		    entry.st_name >= terminated || names->bytes[entry.st_name] == '\0')
			continue;
		r = symbols__add_entry(symbols, &entry, (const char *)names->bytes + entry.st_name);
	}
	return r;
}

/* Adds the functions of the table of `type` in `tables`. Returns 1 if any function was added, 0
 * otherwise. The table may be missing. */
static int symbols__add(struct elf_symbols *symbols, const struct elf_image *image,
			const struct elf_image *tables, uint32_t type, struct error *error)
{
	const char *kind = type == SHT_SYMTAB ? ".symtab" : ".dynsym";
	size_t before = symbols->count;
	struct elf_section table, names;
	int r;

	r = elf_image__section(tables, type, NULL, &table);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = elf_image__section_at(tables, table.link, &names);
	if (r < 0 || table.entry_size != sizeof(Elf64_Sym))
		return error_set(error, -EBADMSG,
				 "%s is damaged: its %s or its names exceed the file",
				 elf_image__path(tables), kind);
	r = symbols__add_table(symbols, image, &table, &names);
	if (r < 0) {
		symbols->count = before; /* the new symbols would outlive their names */
		return r == -EDQUOT ? elf_image__check_budget(image, error)
				    : error_out_of_memory(error);
	}
	return symbols->count > before;
}

/* Adds the functions of a second ELF file, which the symbols then own. */
static int symbols__add_image(struct elf_symbols *symbols, const struct elf_image *image,
			      struct elf_image *debug_image, enum elf_symbol_source source,
			      struct error *error)
{
	_cleanup_(elf_image__freep) struct elf_image *owned = debug_image;
	int r = symbols__add(symbols, image, owned, SHT_SYMTAB, error);

	if (r > 0) {
		symbols->source = source;
		symbols->debug_image = TAKE_PTR(owned);
	}
	return r;
}

/* Adds the best table besides .dynsym: the first of three that has any function. */
static int symbols__add_best(struct elf_symbols *symbols, const struct elf_image *image,
			     const struct elf_debug_finder *finder, struct error *error)
{
	struct elf_image *debug_image;
	int r;

	r = symbols__add(symbols, image, image, SHT_SYMTAB, error);
	if (r > 0)
		symbols->source = SYMBOLS_SYMTAB;
	if (r != 0)
		return r;

	/* Ignore a damaged separate debug file: the file is not the target's own. */
	if (elf_debug_file__open(image, finder, &debug_image) == 0 &&
	    symbols__add_image(symbols, image, debug_image, SYMBOLS_DEBUG_FILE, NULL) > 0)
		return 0;
	r = elf_image__check_budget(image, error);
	if (r < 0)
		return r;

	r = elf_debugdata__open(image, &debug_image, error);
	if (r == 0)
		r = symbols__add_image(symbols, image, debug_image, SYMBOLS_DEBUGDATA, error);
	return r == -ENOENT ? 0 : r;
}

/* A name is compared at some bytes a nanosecond. */
#define BYTES_PER_COMPARISON 16

static int compare_addresses(const void *left, const void *right)
{
	uint64_t a = ((const struct elf_symbol *)left)->address;
	uint64_t b = ((const struct elf_symbol *)right)->address;

	return (a > b) - (a < b);
}

static int compare_names(const void *left, const void *right)
{
	const struct elf_symbol *a = left;
	const struct elf_symbol *b = right;

	return a->name == b->name ? 0 : strcmp(a->name, b->name);
}

/* Sorts `count` symbols of one address by name. The names may have a long common beginning. */
static int sort_names(struct elf_symbol *items, size_t count, struct budget *budget)
{
	uint64_t rounds = 1, longest = 0;

	if (count == 1)
		return 0;
	for (size_t i = 0; i < count; i++)
		longest = items[i].length > longest ? items[i].length : longest;
	for (size_t i = count; i > 1; i /= 2)
		rounds++;
	if (budget__spend(budget, BUDGET_NAME_BYTES,
			  count * rounds * (longest / BYTES_PER_COMPARISON + 1)) < 0)
		return -EDQUOT;
	qsort(items, count, sizeof(*items), compare_names);
	return 0;
}

/* Sorts the symbols and deletes duplicates from two tables. */
static int symbols__sort(struct elf_symbols *symbols)
{
	struct elf_symbol *items = symbols->items;
	size_t last = 0;

	if (symbols->count == 0)
		return 0;
	qsort(items, symbols->count, sizeof(*items), compare_addresses);
	for (size_t start = 0, end; start < symbols->count; start = end) {
		for (end = start + 1;
		     end < symbols->count && items[end].address == items[start].address; end++)
			continue;
		if (sort_names(items + start, end - start, symbols->image->budget) < 0)
			return -EDQUOT;
	}
	for (size_t i = 1; i < symbols->count; i++) {
		if (items[last].address != items[i].address ||
		    compare_names(&items[last], &items[i]) != 0)
			items[++last] = items[i];
	}
	symbols->count = last + 1;

	struct elf_symbol *exact = reallocarray(items, symbols->count, sizeof(*items));

	if (exact)
		symbols->items = exact;
	return 0;
}

int elf_symbols__load(const struct elf_image *image, const struct elf_debug_finder *finder,
		      struct elf_symbols **ret_symbols, struct error *error)
{
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = calloc(1, sizeof(*symbols));
	int r;

	if (!symbols)
		return error_out_of_memory(error);
	symbols->image = image;
	r = symbols__add_best(symbols, image, finder, error);
	if (r < 0)
		return r;
	r = symbols__add(symbols, image, image, SHT_DYNSYM, error);
	if (r < 0)
		return r;
	if (r > 0 && symbols->source == SYMBOLS_NONE)
		symbols->source = SYMBOLS_DYNSYM;
	r = symbols__sort(symbols);
	if (r == 0)
		r = elf_paths__build(&symbols->paths, symbols->items, symbols->count,
				     image->budget);
	if (r < 0)
		return r == -EDQUOT ? elf_image__check_budget(image, error)
				    : error_out_of_memory(error);
	*ret_symbols = TAKE_PTR(symbols);
	return 0;
}

const struct elf_paths *elf_symbols__paths(const struct elf_symbols *symbols)
{
	return &symbols->paths;
}

const struct elf_image *elf_symbols__image(const struct elf_symbols *symbols)
{
	return symbols->image;
}

enum elf_symbol_source elf_symbols__source(const struct elf_symbols *symbols)
{
	return symbols->source;
}

const struct elf_image *elf_symbols__tables(const struct elf_symbols *symbols)
{
	return symbols->debug_image ? symbols->debug_image : symbols->image;
}

size_t elf_symbols__count(const struct elf_symbols *symbols)
{
	return symbols->count;
}

const struct elf_symbol *elf_symbols__get(const struct elf_symbols *symbols, size_t index)
{
	return index < symbols->count ? &symbols->items[index] : NULL;
}

/* Returns the number of symbols with an address of at most `address`. */
static size_t symbols__upper_bound(const struct elf_symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct elf_symbol *elf_symbols__at(const struct elf_symbols *symbols, uint64_t address)
{
	size_t index = symbols__upper_bound(symbols, address);
	const struct elf_symbol *items = symbols->items;
	uint64_t offset;

	if (index == 0 || elf_image__code_offset(symbols->image, address, &offset) < 0)
		return NULL;

	/* An address may have several names, some of them without a size. */
	for (uint64_t start = items[index - 1].address;
	     index > 0 && items[index - 1].address == start; index--) {
		const struct elf_symbol *symbol = &items[index - 1];

		if (budget__spend(symbols->image->budget, BUDGET_SYMBOL_VISITS, 1) < 0)
			return NULL;
		if (symbol->size == 0 || address - start < symbol->size)
			return symbol;
	}
	return NULL;
}

int elf_symbols__names(const struct elf_symbols *symbols, uint64_t address,
		       elf_symbol_callback callback, void *context)
{
	size_t index = symbols__upper_bound(symbols, address);
	int found = 0;

	for (; index > 0 && symbols->items[index - 1].address == address; index--) {
		int r = budget__spend(symbols->image->budget, BUDGET_SYMBOL_VISITS, 1);

		if (r == 0)
			r = callback(context, &symbols->items[index - 1]);
		if (r < 0)
			return r;
		found++;
	}
	return found;
}
