/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_SYMBOLS_H
#define SCOTTYSCOPE_ELF_SYMBOLS_H

/* The functions of an image, by address and by Rust path. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "elf/debug_names.h"
#include "elf/image.h"

enum elf_symbol_source {
	SYMBOLS_NONE,
	SYMBOLS_SYMTAB,	    /* .symtab of the executable */
	SYMBOLS_DEBUG_FILE, /* .symtab of a separate debug file, found by build id */
	SYMBOLS_DEBUGDATA,  /* .gnu_debugdata: an xz-compressed ELF file within the executable */
	SYMBOLS_DYNSYM,	    /* .dynsym only: stripped */
};

struct elf_symbol {
	uint64_t address;
	uint64_t size;	  /* 0 if the table has no size */
	const char *name; /* mangled, as in the table */
	uint32_t length;  /* of the name */
};

/* The longest mangled names that are read; those of Rust servers have up to 4,000 bytes. */
#define ELF_NAME_BYTES_MAX ((size_t)16 * 1024)

struct elf_symbols;

/* Reads the functions of `image`, which must outlive the symbols, from the best available table (in
 * the order of the enum), merged with .dynsym. `finder` finds separate debug files; NULL: there are none.
 * Omits names longer than ELF_NAME_BYTES_MAX, which no Rust path has. For an image without functions,
 * returns 0 and the source is SYMBOLS_NONE. -EBADMSG if a table is damaged; -EDQUOT. */
int elf_symbols__load(const struct elf_image *image, const struct elf_debug_finder *finder,
		      struct elf_symbols **ret_symbols, struct error *error);
void elf_symbols__free(struct elf_symbols *symbols);

enum elf_symbol_source elf_symbols__source(const struct elf_symbols *symbols);
const char *elf_symbol_source_name(enum elf_symbol_source source);
size_t elf_symbols__count(const struct elf_symbols *symbols);

/* Returns the symbol at an index, sorted by address: 0 <= index < count; else NULL. */
const struct elf_symbol *elf_symbols__get(const struct elf_symbols *symbols, size_t index);

/* Calls `callback` for each name of the function at `address`: linkers often merge functions with
 * equal code. Stops at a negative return and returns the value, otherwise returns the number of
 * names; -EDQUOT. */
typedef int (*elf_symbol_callback)(void *context, const struct elf_symbol *symbol);
int elf_symbols__names(const struct elf_symbols *symbols, uint64_t address,
		       elf_symbol_callback callback, void *context);

/* Returns the function that holds `address`, NULL without one. A function without a size extends to
 * the next. */
const struct elf_symbol *elf_symbols__at(const struct elf_symbols *symbols, uint64_t address);

/* Calls `callback` for every function whose normalised Rust path (see rust/path.h) is `path`, which
 * is normalised too: all copies of a generic function, one call per distinct address, in ascending
 * order. Returns the number of functions, the callback's negative value, -ENOMEM, -EDQUOT, or -EINVAL
 * if `path` is malformed. Fast enough for every row of a catalogue: each name is demangled once, when
 * the symbols are loaded. */
int elf_symbols__find(const struct elf_symbols *symbols, const char *path,
		      elf_symbol_callback callback, void *context);

static inline void elf_symbols__freep(struct elf_symbols **symbols)
{
	elf_symbols__free(*symbols);
}

#endif
