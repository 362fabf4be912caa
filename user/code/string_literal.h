/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_STRING_LITERAL_H
#define SCOTTYSCOPE_CODE_STRING_LITERAL_H

/* String literals in the code of a function. Rust passes a &str as an address and a length. */

#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"

/* Calls back for each possible string literal of the function at `entry` (`size` bytes): an address relative
 * to the instruction pointer (on Arm a page and an offset), and a number within the next few instructions as
 * the length. The code does not show which number is the length, so one address can give several texts, and
 * some of them are no literals: the callback must check the text, which has no zero byte at its end. A
 * non-zero return of the callback ends the iteration and is returned. -EDQUOT. */
typedef int (*code_string_callback)(void *context, const char *text, size_t length);
int code_for_each_string_literal(const struct elf_image *image, uint64_t entry, uint64_t size,
				 code_string_callback callback, void *context);

#endif
