/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_BRANCHES_H
#define SCOTTYSCOPE_CODE_BRANCHES_H

/* The functions that a function calls or jumps to. */

#include <stdint.h>

#include "code/code.h"
#include "elf/pointers.h"

/* Calls back for the target of each call of the function and of each jump out of it, in the order of the
 * code. Only targets that the file names count: direct ones, and those in one of `pointers`, such as a
 * pointer of the global offset table. For a function of unknown size (0), the code ends at its first jump
 * or return. A non-zero return of the callback ends the iteration and is returned. -EBADMSG if the code
 * cannot be read; -EDQUOT. */
typedef int (*code_target_callback)(void *context, uint64_t target);
int code_for_each_target(const struct elf_image *image, const struct elf_pointers *pointers,
			 uint64_t entry, uint64_t size, code_target_callback callback,
			 void *context);

#endif
