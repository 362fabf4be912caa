/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_TEXT_H
#define SCOTTYSCOPE_ELF_TEXT_H

/* The texts that a function's code has: Rust keeps a &str as an address and a length. */

#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"

/* Calls back for each text that the function at `entry` (`size` bytes) may have: its address is taken
 * relative to the instruction pointer (on Arm by a page and an offset in it), and a number among the
 * next few instructions is its length. Which number that is cannot be told, so there may be several for one address, and texts that are
 * none: `text`, without a zero byte at its end, has to be looked at. Ends early on a return that is
 * not 0 and gives it back. */
typedef int (*code_text_callback)(void *context, const char *text, size_t length);
int code_for_each_text(const struct elf_image *image, uint64_t entry, uint64_t size,
		       code_text_callback callback, void *context);

#endif
