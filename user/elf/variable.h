/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_VARIABLE_H
#define SCOTTYSCOPE_ELF_VARIABLE_H

/* Static variables of the executable. */

#include <stdint.h>

#include "elf/symbols.h"

/* Sets `*ret_address` to the file's address of the only static variable of `size` bytes whose mangled name
 * contains both parts. -ENOENT for none or several. */
int elf_variable__find(const struct elf_symbols *symbols, const char *part, const char *other_part,
		       uint64_t size, uint64_t *ret_address);

#endif
