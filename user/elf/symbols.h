/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_SYMBOLS_H
#define SCOTTYSCOPE_ELF_SYMBOLS_H

/* The functions of an image, by address and by Rust path. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
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
	uint64_t size;	  /* 0 where the table says none */
	const char *name; /* as in the table, mangled */
};

struct elf_symbols;

/* Reads the functions of `image`, which has to outlive them, from the best table there is (in the
 * order of the enum), merged with .dynsym. A separate debug file is looked for within `root` (the
 * target's own root directory, "/proc/PID/root"; NULL: none), then in /. An image without any
 * function is not an error: source is SYMBOLS_NONE. -EBADMSG where a table is damaged. */
int elf_symbols__load(const struct elf_image *image, const char *root,
		      struct elf_symbols **ret_symbols, struct error *error);
void elf_symbols__free(struct elf_symbols *symbols);

enum elf_symbol_source elf_symbols__source(const struct elf_symbols *symbols);
const char *elf_symbol_source_name(enum elf_symbol_source source);
size_t elf_symbols__count(const struct elf_symbols *symbols);

/* Sorted by address: 0 <= index < count. */
const struct elf_symbol *elf_symbols__get(const struct elf_symbols *symbols, size_t index);

/* Calls back for each name of the function that begins at `address`: functions of the same code are
 * often merged. Ends early on a negative return; gives the number of names, or that return. */
typedef int (*elf_symbol_callback)(void *context, const struct elf_symbol *symbol);
int elf_symbols__names(const struct elf_symbols *symbols, uint64_t address,
		       elf_symbol_callback callback, void *context);

/* The function that holds `address`, NULL for none. One without a size reaches to the next. */
const struct elf_symbol *elf_symbols__at(const struct elf_symbols *symbols, uint64_t address);

/* Calls back for every function whose normalised Rust path (see rust/path.h) is `path`, which is
 * normalised too: all copies of a generic function, one call per distinct address, in their order.
 * Returns how many, the callback's negative value, -ENOMEM, or -EINVAL where `path` is malformed.
 * Fast enough to be called for every row of a catalogue: names are filtered by `path`'s identifiers
 * before they are demangled. */
int elf_symbols__find(const struct elf_symbols *symbols, const char *path,
		      elf_symbol_callback callback, void *context);

static inline void elf_symbols__freep(struct elf_symbols **symbols)
{
	elf_symbols__free(*symbols);
}

#endif
