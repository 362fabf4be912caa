/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_THREAD_LOCAL_H
#define SCOTTYSCOPE_ELF_THREAD_LOCAL_H

/* Thread-local variables of the executable itself. */

#include <stdint.h>

#include "elf/symbols.h"

/* Where the one thread-local variable of `size` bytes whose mangled name has `part` in it is, from a
 * thread's thread pointer. -ENOENT where none or several are. The layout is that of Drepper's "ELF
 * Handling For Thread-Local Storage", section 3: the executable's block is the first one below the
 * thread pointer on x86-64, and the first above the two words there on arm64. */
int elf_thread_local__find(const struct elf_image *image, const struct elf_symbols *symbols,
			   const char *part, uint64_t size, int64_t *ret_offset);

#endif
