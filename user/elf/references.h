/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_REFERENCES_H
#define SCOTTYSCOPE_ELF_REFERENCES_H

/* Whether a function is used at all: one that is inlined wherever it is called may still be there. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"
#include "elf/pointers.h"

/* Tells for each of `count` functions at `entries`, in ascending order, whether the executable calls
 * it, jumps to it, takes its address, or has a pointer to it. Code of x86-64 is searched byte by byte,
 * so that now and then what is no instruction counts as one. Short jumps are not looked for there:
 * compilers make them within a function, whose neighbours only the linker knows. In executables at
 * fixed addresses all are said to be used. */
void code_find_references(const struct elf_image *image, const struct elf_pointers *pointers,
			  const uint64_t *entries, size_t count, bool *ret_used);

#endif
