/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_EXIT_H
#define SCOTTYSCOPE_ELF_EXIT_H

/* The ends of a function, to see what it made without a return probe: those must not be on a frame
 * that a panic may unwind. */

#include <stddef.h>
#include <stdint.h>

#include "elf/code.h"

#define CODE_EXIT_LIMIT 8

/* The sites right before the returns of the function at `entry` (`size` bytes): at each, the last
 * register is about to be restored, or on Arm the first of them. Unwinding does not pass there. Gives
 * how many, 0 where not every return is certain to pass one (a tail call, a jump to the return itself,
 * no register to restore, more than CODE_EXIT_LIMIT). -EBADMSG where the code cannot be read. */
int code_find_exits(const struct elf_image *image, uint64_t entry, uint64_t size,
		    struct code_site ret_sites[CODE_EXIT_LIMIT], struct error *error);

/* Which register has the address of the function's result in memory at its exits, by its DWARF
 * number. On x86-64 that is always rax, 0, which returns it (System V ABI, 3.2.3); on Arm whichever
 * the function kept it in. 1 where there is one, 0 where not or no exits. -EBADMSG where the code cannot be read. */
int code_find_result(const struct elf_image *image, uint64_t entry, uint64_t size,
		     uint32_t *ret_register, struct error *error);

/* At which offset the function at `entry` stores single bytes into its result in memory: where that
 * has its one field of a byte. 0 where it stores none, or at several offsets. -EBADMSG where the code
 * cannot be read. */
int code_find_byte_store(const struct elf_image *image, uint64_t entry, uint64_t size,
			 uint32_t *ret_offset, struct error *error);

#endif
