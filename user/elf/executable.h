/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_EXECUTABLE_H
#define SCOTTYSCOPE_ELF_EXECUTABLE_H

/* The image and the symbols of an executable, before machine code is analysed. */

#include <errno.h>

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

/* Returns the result of an analysis whose last step returned `r`: 0; -EDQUOT if the budget is exceeded; -ENOMEM for
 * any other error. */
static inline int elf_executable__result(const struct elf_executable *executable, int r,
					 struct error *error)
{
	if (elf_image__check_budget(executable->image, error) < 0)
		return -EDQUOT;
	return r < 0 ? error_out_of_memory(error) : 0;
}

#endif
