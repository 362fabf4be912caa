/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_EXECUTABLE_H
#define SCOTTYSCOPE_ELF_EXECUTABLE_H

/* The image and the symbols of an executable, before machine code is analysed. */

#include "elf/image.h"
#include "elf/pointers.h"
#include "elf/symbols.h"

struct elf_executable {
	const struct elf_image *image;	   /* borrowed */
	const struct elf_symbols *symbols; /* borrowed */
	struct elf_pointers pointers;
};

static inline void elf_executable__done(struct elf_executable *executable)
{
	elf_pointers__free(&executable->pointers);
}

#endif
