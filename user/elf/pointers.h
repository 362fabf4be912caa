/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_POINTERS_H
#define SCOTTYSCOPE_ELF_POINTERS_H

/* All pointers that elf_image__for_each_pointer() gives, to be looked up by where they lie. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"

struct elf_pointer {
	uint64_t address;
	uint64_t value; /* what it will hold, before the load bias */
};

/* Zeroed: none. */
struct elf_pointers {
	struct elf_pointer *items; /* sorted by address */
	size_t count;
	size_t room;
};

/* Collects those of `image`; the caller frees them. -ENOMEM; -EBADMSG where the relocations are
 * damaged. */
int elf_pointers__load(const struct elf_image *image, struct elf_pointers *ret_pointers);
void elf_pointers__free(struct elf_pointers *pointers);

/* What the pointer at `address` will hold; false when there is none. */
bool elf_pointers__at(const struct elf_pointers *pointers, uint64_t address, uint64_t *ret_value);

#endif
