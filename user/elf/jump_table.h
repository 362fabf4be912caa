/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_JUMP_TABLE_H
#define SCOTTYSCOPE_ELF_JUMP_TABLE_H

/* Jump tables of position-independent x86-64 code, as LLVM makes them for `match`: a function takes
 * the table's address by "lea reg, [rip + n]", adds to it what the table holds for the case, 32 bits
 * with a sign, and jumps to that register. */

#include <stdbool.h>
#include <stdint.h>

#include "elf/image.h"

/* Code addresses from `first` to `last`, both of them included. */
struct code_range {
	uint64_t first;
	uint64_t last;
};

/* Whether what is at `table` has an entry that leads into `path`, if it is a table of the function
 * `within`: then all its entries lead to somewhere in there, and the first that does not comes after
 * its end. Of other data the answer means nothing, but a table is never missed. */
bool jump_table_leads_to(const struct elf_image *image, uint64_t table, struct code_range within,
			 struct code_range path);

#endif
