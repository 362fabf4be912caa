/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_REFERENCES_H
#define SCOTTYSCOPE_CODE_REFERENCES_H

/* References to functions. A function that is inlined into all its callers may still be in the executable;
 * then nothing refers to it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"
#include "elf/pointers.h"

/* Sets `ret_used` for each of the `count` functions at `entries`, in ascending order: whether the executable
 * calls the function, jumps to it, takes its address, or has a pointer to it. Code of x86-64 is searched
 * byte by byte, so a few references are not real. Short jumps of x86-64 do not count: compilers make them
 * only within a function, because only the linker knows a function's neighbours. In an executable at fixed
 * addresses, all functions count as used. */
void code_find_references(const struct elf_image *image, const struct elf_pointers *pointers,
			  const uint64_t *entries, size_t count, bool *ret_used);

#endif
