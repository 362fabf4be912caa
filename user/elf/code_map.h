/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_CODE_MAP_H
#define SCOTTYSCOPE_ELF_CODE_MAP_H

/* The executable segments of an executable, and nothing else of it: enough to check places of code that
 * another process found. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CODE_MAP_SEGMENTS_MAX 64

struct elf_code_map {
	struct {
		uint64_t address;
		uint64_t offset;
		uint64_t size; /* in the file */
	} segments[CODE_MAP_SEGMENTS_MAX];
	size_t count;
};

/* Reads the segments from the program headers of the file. -EBADMSG if they are damaged or exceed the file. */
int elf_code_map__read(struct elf_code_map *map, int fd, struct error *error);

/* Whether an address is in a segment, and `offset` is its place in the file. */
bool elf_code_map__has(const struct elf_code_map *map, uint64_t address, uint64_t offset);

/* Whether an address is in a segment. */
bool elf_code_map__has_address(const struct elf_code_map *map, uint64_t address);

#endif
