/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_JUMP_TABLE_H
#define SCOTTYSCOPE_CODE_JUMP_TABLE_H

/* Jump tables of position-independent x86-64 code, as LLVM makes them for `match`. A function takes the
 * address of the table by "lea reg, [rip + n]", adds the table's entry for the case, a signed number of 32
 * bits, and jumps to the register. */

#include <stdbool.h>
#include <stdint.h>

#include "elf/image.h"

/* Code addresses from `first` to `last`, both included. */
struct code_range {
	uint64_t first;
	uint64_t last;
};

/* Whether the table at `table` has an entry that leads into `path`. All entries of a table of the function
 * `within` lead into the function; the first number that does not is behind the table's end. The data at
 * `table` may be no table: then the result may be true by accident, but never false for a real table. True where the budget is exceeded. */
bool jump_table_leads_to(const struct elf_image *image, uint64_t table, struct code_range within,
			 struct code_range path);

#endif
