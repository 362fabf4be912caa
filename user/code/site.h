/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_SITE_H
#define SCOTTYSCOPE_CODE_SITE_H

/* The cheapest place for a probe at the start of a function. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "code/code.h"

/* Finds the cheapest site of the function at `entry` (`size` bytes; 0: unknown, then the site is the
 * entry). Every call passes the site, and at the site the state in `keep` (enum code_register) is the same as at
 * the entry. In order of preference:
 *   1. a jump or nop, which the kernel emulates without a write to the stack, on the straight path from
 *      the entry, before any branch out of the path (a conditional jump may itself be the site);
 *   2. the entry, if the kernel emulates its instruction;
 *   3. the first emulated instruction of the path. With `repeat_ok`, a jump within the function may reach
 *      this site again;
 *   4. the entry, whatever its cost.
 * -EBADMSG if the code cannot be read. */
int code_find_site(const struct elf_image *image, uint64_t entry, uint64_t size, unsigned int keep,
		   bool repeat_ok, struct code_site *ret_site, struct error *error);

/* Whether the function takes the address of its result in memory from the register that the calling
 * convention names: on Arm x8. A compiler that knows all callers may pass the address as an ordinary argument; on
 * x86-64 the register is the same in both cases. False if the code cannot be read. */
bool code_takes_result(const struct elf_image *image, uint64_t entry, uint64_t size);

#endif
