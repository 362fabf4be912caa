// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Finds functions by Rust path. Demangling 40,000 names for every row of the catalogue would take
 * seconds. Every mangled form of a path contains the path's identifiers, so a search for the
 * identifiers leaves few names to demangle. */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "elf/symbols.h"
#include "rust/demangle.h"
#include "rust/path.h"

#define IDENTIFIERS_MAX	     16
#define IDENTIFIER_BYTES_MAX 64
#define NAME_BYTES_MAX	     ((size_t)64 * 1024)

struct identifier {
	char text[IDENTIFIER_BYTES_MAX + 8]; /* as in v0 names, "5State": length first */
	size_t length;
	size_t prefix; /* length of the prefix in `text` */
};

struct filter {
	struct identifier identifiers[IDENTIFIERS_MAX]; /* longest first */
	size_t count;
};

/* Returns whether v0 mangling abbreviates the word, or mangled names spell the word differently. */
static bool is_abbreviated(const char *word, size_t length)
{
	static const char *const words[] = {
		"i8",	 "i16",	   "i32",     "i64",	       "i128",
		"isize", "u8",	   "u16",     "u32",	       "u64",
		"u128",	 "usize",  "f32",     "f64",	       "bool",
		"char",	 "str",	   "as",      "dyn",	       "mut",
		"const", "fn",	   "for",     "unsafe",	       "extern",
		"impl",	 "_",	   "C",	      "shim",	       "true",
		"false", "vtable", "closure", "drop_in_place",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0)
			return true;
	}
	return false;
}

static bool is_identifier_byte(char byte)
{
	/* Bytes above 0x7f belong to an identifier that mangled names encode. The filter omits such
	 * identifiers. */
	return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte > 0x7f;
}

static bool is_plain_identifier(const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)word[i] > 0x7f)
			return false;
	}
	return length <= IDENTIFIER_BYTES_MAX && !isdigit((unsigned char)*word) &&
	       !is_abbreviated(word, length);
}

static void filter__add(struct filter *filter, const char *word, size_t length)
{
	/* v0 writes an underscore between the length and an identifier that starts with an underscore. */
	const char *separator = *word == '_' ? "_" : "";

	if (filter->count == IDENTIFIERS_MAX || !is_plain_identifier(word, length))
		return;

	struct identifier *identifier = &filter->identifiers[filter->count++];
	int written = snprintf(identifier->text, sizeof(identifier->text), "%zu%s%.*s", length,
			       separator, (int)length, word);

	identifier->length = (size_t)written;
	identifier->prefix = identifier->length - length;
}

static int compare_identifiers(const void *left, const void *right)
{
	const struct identifier *a = left;
	const struct identifier *b = right;

	return (b->length > a->length) - (b->length < a->length);
}

/* Builds a filter of a path. The longest identifier is the rarest and the fastest to search for. */
static void filter__build(struct filter *filter, const char *path)
{
	const char *at = path;

	filter->count = 0;
	while (*at) {
		const char *start = at;

		while (is_identifier_byte(*at))
			at++;
		if (at > start)
			filter__add(filter, start, (size_t)(at - start));
		else
			at++;
	}
	qsort(filter->identifiers, filter->count, sizeof(filter->identifiers[0]),
	      compare_identifiers);
}

/* Returns whether `name` can be a mangled form of the path. In the "$LT$a..b$GT$" of legacy names,
 * identifiers have no length before them. */
static bool filter__passes(const struct filter *filter, const char *name)
{
	bool is_v0 = name[0] == '_' && name[1] == 'R';
	bool is_legacy = name[0] == '_' && name[1] == 'Z' && name[2] == 'N';

	if (!is_v0 && !is_legacy)
		return false;

	size_t length = strnlen(name, NAME_BYTES_MAX);

	for (size_t i = 0; i < filter->count; i++) {
		const struct identifier *identifier = &filter->identifiers[i];
		size_t skip = is_v0 ? 0 : identifier->prefix;

		if (!memmem(name, length, identifier->text + skip, identifier->length - skip))
			return false;
	}
	return true;
}

struct search {
	struct filter filter;
	struct buffer path;
	struct buffer raw;    /* demangled form of the current name */
	struct buffer normal; /* normal form of the current name */
};

static void search__free(struct search *search)
{
	buffer__done(&search->path);
	buffer__done(&search->raw);
	buffer__done(&search->normal);
}

/* Returns 1 if the symbol has the path; 0 if the symbol has another path, or if its name is no Rust
 * symbol or is hostile; -ENOMEM. */
static int search__matches(struct search *search, const struct elf_symbol *symbol)
{
	const struct buffer *path = &search->path;
	int r;

	if (!filter__passes(&search->filter, symbol->name))
		return 0;
	r = rust_demangle_raw(symbol->name, &search->raw);
	if (r == 0) {
		buffer__truncate(&search->normal, 0);
		r = rust_path__normalise(search->raw.bytes, search->raw.length, &search->normal);
	}
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return search->normal.length == path->length &&
	       memcmp(search->normal.bytes, path->bytes, path->length) == 0;
}

int elf_symbols__find(const struct elf_symbols *symbols, const char *path,
		      elf_symbol_callback callback, void *context)
{
	_cleanup_(search__free) struct search search = {0};
	const struct elf_symbol *last = NULL;
	int found = 0;
	int r = rust_path__normalise(path, strlen(path), &search.path);

	if (r < 0)
		return r;
	if (search.path.length == 0)
		return 0;
	filter__build(&search.filter, search.path.bytes);
	for (size_t i = 0; i < elf_symbols__count(symbols); i++) {
		const struct elf_symbol *symbol = elf_symbols__get(symbols, i);

		/* The linker can merge identical functions: one address, several names. */
		if (last && last->address == symbol->address)
			continue;
		r = search__matches(&search, symbol);
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
