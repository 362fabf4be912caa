/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_THREAD_LOCAL_H
#define SCOTTYSCOPE_ELF_THREAD_LOCAL_H

/* Thread-local variables of the executable, without its libraries. */

#include <stdint.h>

#include "elf/symbols.h"

/* What a variable is recognised by, and what elf_thread_local__find() fills in. */
struct elf_thread_local {
	const char *part;  /* of the mangled name */
	uint64_t size_min; /* in bytes, as the other sizes */
	uint64_t size_max;
	uint64_t size;
	int64_t offset; /* from a thread's thread pointer */
};

/* Sets size and offset of the only thread-local variable that has the part in its name and a size within
 * the bounds. -ENOENT for none or several. The layout follows Drepper's "ELF Handling For Thread-Local
 * Storage", section 3: the executable's block is the first below the thread pointer on x86-64, and the
 * first above the two words at the thread pointer on arm64. */
int elf_thread_local__find(const struct elf_image *image, const struct elf_symbols *symbols,
			   struct elf_thread_local *variable);

#endif
