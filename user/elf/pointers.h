/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_POINTERS_H
#define SCOTTYSCOPE_ELF_POINTERS_H

/* All pointers of elf_image__for_each_pointer(), for lookups by address. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"

struct elf_pointer {
	uint64_t address;
	uint64_t value; /* value after loading, without the load bias */
};

/* A zeroed list is empty. */
struct elf_pointers {
	struct elf_pointer *items; /* sorted by address */
	size_t count;
	size_t capacity;
};

/* Collects the pointers of `image`. The caller frees the list. -ENOMEM; -EDQUOT; -EBADMSG if the
 * relocations are damaged. */
int elf_pointers__load(const struct elf_image *image, struct elf_pointers *ret_pointers);
void elf_pointers__free(struct elf_pointers *pointers);

/* Sets `*ret_value` to the value of the pointer at `address`. Returns false if there is no
 * pointer. */
bool elf_pointers__at(const struct elf_pointers *pointers, uint64_t address, uint64_t *ret_value);

#endif
