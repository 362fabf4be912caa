/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_EXIT_H
#define SCOTTYSCOPE_CODE_EXIT_H

/* Probe sites at the ends of a function, which see its result without a return probe. A return probe must
 * not be on a frame that a panic can unwind. */

#include <stdint.h>

#include "base/error.h"
#include "code/code.h"

/* Finds the sites before the returns of the function at `entry` (`size` bytes). On x86-64 a site is the
 * instruction that restores the last register, on Arm the first instruction that restores a register. Unwinding
 * does not pass these instructions. Returns the number of sites; 0 if some return is not certain to pass
 * a site (a tail call, a jump to the return itself, no register to restore, more than CODE_EXIT_LIMIT
 * returns). -EBADMSG if the code cannot be read. */
int code_find_exits(const struct elf_image *image, uint64_t entry, uint64_t size,
		    struct code_site ret_sites[CODE_EXIT_LIMIT], struct error *error);

/* Finds the register, by its DWARF number, that holds the address of the function's result in memory at
 * its exits. On x86-64 the register is always rax, 0, which returns the address (System V ABI, 3.2.3); on
 * Arm the function chooses. Returns 1; 0 if there is no such register or no exit. -EBADMSG if the code
 * cannot be read. */
int code_find_result(const struct elf_image *image, uint64_t entry, uint64_t size,
		     uint32_t *ret_register, struct error *error);

/* Finds the offset at which the function stores single bytes into its result in memory: the offset of the
 * result's only field of one byte. 0 if the function stores no byte, or stores bytes at several offsets.
 * -EBADMSG if the code cannot be read. */
int code_find_byte_store(const struct elf_image *image, uint64_t entry, uint64_t size,
			 uint32_t *ret_offset, struct error *error);

#endif
