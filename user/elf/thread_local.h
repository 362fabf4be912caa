/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_THREAD_LOCAL_H
#define SCOTTYSCOPE_ELF_THREAD_LOCAL_H

/* Thread-local variables of the executable, without its libraries. */

#include <stdint.h>

#include "elf/symbols.h"

/* Sets `*ret_offset` to the offset from a thread's thread pointer to the only thread-local variable
 * of `size` bytes whose mangled name contains `part`. -ENOENT for none or several. The layout
 * follows Drepper's "ELF Handling For Thread-Local Storage", section 3: the executable's block is
 * the first below the thread pointer on x86-64, and the first above the two words at the thread
 * pointer on arm64. */
int elf_thread_local__find(const struct elf_image *image, const struct elf_symbols *symbols,
			   const char *part, uint64_t size, int64_t *ret_offset);

#endif
